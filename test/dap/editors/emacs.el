;;; A session of Emacs with dap-mode, in batch: what a user does, and what Emacs shows, a line each on stdout.
;;; Environment: FOLDER (for Emacs' own files), SETUP (the README's lines) and SOURCE. `deet` is in the PATH.

(setq user-emacs-directory (file-name-as-directory (getenv "FOLDER"))
      dap-breakpoints-file (expand-file-name "breakpoints" user-emacs-directory)
      dap-auto-configure-features nil
      comp-enable-subr-trampolines nil ; they would be compiled anew for each new home
      treemacs-persist-file (expand-file-name "treemacs" user-emacs-directory))
(defvar treemacs-text-scale nil)
(package-initialize)
(require 'dap-mode)
(require 'dap-ui)

(load (getenv "SETUP") nil t)
(dap-ui-mode 1)

(defun shown (format &rest values)
  (princ (concat (apply #'format format values) "\n")))

(defun until (what true)
  "Waits until the function TRUE returns something, and returns that."
  (let ((deadline (+ (float-time) 60)) found)
    (while (not (setq found (funcall true)))
      (when (> (float-time) deadline)
        (shown "TIMEOUT: %s" what)
        (kill-emacs 1))
      (accept-process-output nil 0.02))
    found))

(defvar stops 0)
(add-hook 'dap-stack-frame-changed-hook (lambda (&rest _) (setq stops (1+ stops))))
(defvar ends 0)
(add-hook 'dap-terminated-hook (lambda (&rest _) (setq ends (1+ ends))))

(defun session () (dap--cur-session))

(defun marked ()
  "Is the current line shown as the one where the program stands?"
  (seq-some (lambda (overlay) (memq (overlay-get overlay 'face) '(dap-ui-marker-face)))
            (overlays-in (line-beginning-position) (1+ (line-end-position)))))

(defun after-stop (what action)
  "Does something that lets the program run, and tells where Emacs stands when it has stopped."
  (let ((before stops))
    (funcall action)
    (until what (lambda () (and (> stops before) (dap--debug-session-active-frame (session)))))
    (with-current-buffer (window-buffer (selected-window))
      (shown "%s: %s%s:%d %s" what (if (marked) "" "no mark at ") (file-name-nondirectory (or buffer-file-name "?")) (line-number-at-pos)
             (string-trim (thing-at-point 'line t))))))

(defun eval-shows (expression)
  "What `dap-eval' displays."
  (let (text)
    (cl-letf (((symbol-function 'dap-overlays--display-interactive-eval-result)
               (lambda (value &rest _) (setq text value))))
      (dap-eval expression)
      (until expression (lambda () text)))
    (shown "%s is %s" expression text)))

(defun locals-show (pattern)
  "The line of the window *dap-ui-locals* that matches."
  (let ((line (until pattern
                     (lambda ()
                       ;; Without a screen there are no idle timers, and treemacs draws each buffer once.
                       (when (get-buffer "*dap-ui-locals*") (kill-buffer "*dap-ui-locals*"))
                       (save-window-excursion (dap-ui-locals))
                       (dap-ui-locals--refresh)
                       (with-current-buffer "*dap-ui-locals*"
                         (save-excursion
                           (goto-char (point-min))
                           (when (re-search-forward pattern nil t)
                             (string-trim (thing-at-point 'line t)))))))))
    (shown "locals: %s" line)))

(find-file (getenv "SOURCE"))
(goto-char (point-min))
(search-forward "int sum = ")
(dap-breakpoint-add)
(after-stop "breakpoint"
            (lambda () (dap-debug (copy-tree (cdr (assoc "deet" dap-debug-template-configurations))))))
(eval-shows "a + b")
(locals-show "\\_<b\\_>")
(after-stop "next" (lambda () (call-interactively #'dap-next)))
(eval-shows "sum")
(locals-show "\\_<sum\\_>")
(after-stop "step out" (lambda () (call-interactively #'dap-step-out)))
(call-interactively #'dap-continue)
(until "the end" (lambda () (> ends 0)))
(shown "output: %s" (with-current-buffer (dap--debug-session-output-buffer (session))
                      (string-trim (replace-regexp-in-string "\n" "|" (buffer-substring-no-properties (point-min) (point-max))))))
(shown "running: %s" (dap--session-running (session)))
(kill-emacs 0)

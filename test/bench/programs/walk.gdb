define walk
  set $p = list
  while $p
    output *$p
    set $p = $p->next
  end
end

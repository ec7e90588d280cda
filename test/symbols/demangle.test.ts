/** Symbols in the words of their language. */
import { expect, it } from 'vitest';
import { demangledName, demangledParts, signatureOf } from '../../src/symbols/cxx-names.js';
import { demangle } from '../../src/symbols/demangle.js';

it.each([
  ['_ZN2ns1fEi', 'ns::f(int)'],
  ['main', undefined],
  ['_ZN5hello3add17hcc36dfb6095802c0E', 'hello::add'],
  ['_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE', 'core::ptr::drop_in_place<alloc::string::String>'],
  ['_ZN42_$LT$$RF$T$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE', '<&T as core::fmt::Debug>::fmt'],
  // A C++ function may be called so, and end otherwise.
  ['_ZN2ns1hEv', 'ns::h()'],
])('%s', (symbol, expected) => {
  expect(demangle(symbol)).toBe(expected);
});

// GNU vectors have brackets of their own in the demangler's words, in front of the name, too: `float __vector(4) twice<float __vector(4)>(float __vector(4))`.
it.each([
  ['_Z5twiceIDv4_fET_S1_', 'twice<float __vector(4)>', 'twice<float __vector(4)>(float __vector(4))'],
  ['_Z3addDv4_fS_', 'add', 'add(float __vector(4), float __vector(4))'],
  ['_ZN1WIDv4_fE3getEv', 'W<float __vector(4)>::get', 'W<float __vector(4)>::get()'],
])('%s is %s', (linkage, name, signature) => {
  expect([demangledName(linkage), signatureOf(linkage)]).toEqual([name, signature]);
  expect(demangledParts(linkage)?.parts.join('::')).toBe(name);
});

// The demangler: `decltype ((static_cast<void* (*ns::invoke<void* (*)()>(void* (*&&)()))()>({parm#1}))())`.
it.each([
  ['_ZN2ns6invokeIPFPvvEJEEEDTclscT_fp_spscT0_fp0_EEOS4_DpOS5_', 'ns::invoke<void* (*)()>'],
  ['_Z3addIiiEDTplfp_fp0_ET_T0_', 'add<int, int>'],
])('%s, which returns a decltype, is %s', (linkage, name) => {
  expect([demangledName(linkage), signatureOf(linkage)?.startsWith(name), demangledParts(linkage)?.parts.join('::')]).toEqual([
    name,
    true,
    name,
  ]);
});

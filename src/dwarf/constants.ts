/**
 * The numbers of DWARF 5, section 7, with the GNU extensions that gcc and clang emit. Names as in the standard, without
 * their DW_xx_ prefix.
 */

/** DW_TAG (7.5.3). */
export const Tag = {
  array_type: 0x01,
  class_type: 0x02,
  enumeration_type: 0x04,
  formal_parameter: 0x05,
  imported_declaration: 0x08,
  label: 0x0a,
  lexical_block: 0x0b,
  member: 0x0d,
  pointer_type: 0x0f,
  reference_type: 0x10,
  compile_unit: 0x11,
  string_type: 0x12,
  structure_type: 0x13,
  subroutine_type: 0x15,
  typedef: 0x16,
  union_type: 0x17,
  unspecified_parameters: 0x18,
  variant: 0x19,
  inheritance: 0x1c,
  inlined_subroutine: 0x1d,
  module: 0x1e,
  ptr_to_member_type: 0x1f,
  set_type: 0x20,
  subrange_type: 0x21,
  base_type: 0x24,
  const_type: 0x26,
  constant: 0x27,
  enumerator: 0x28,
  subprogram: 0x2e,
  template_type_parameter: 0x2f,
  template_value_parameter: 0x30,
  GNU_template_template_param: 0x4106,
  GNU_template_parameter_pack: 0x4107,
  try_block: 0x32,
  variant_part: 0x33,
  variable: 0x34,
  volatile_type: 0x35,
  restrict_type: 0x37,
  interface_type: 0x38,
  namespace: 0x39,
  imported_module: 0x3a,
  unspecified_type: 0x3b,
  partial_unit: 0x3c,
  imported_unit: 0x3d,
  type_unit: 0x41,
  rvalue_reference_type: 0x42,
  template_alias: 0x43,
  atomic_type: 0x47,
  call_site: 0x48,
  call_site_parameter: 0x49,
  skeleton_unit: 0x4a,
  immutable_type: 0x4b,
  GNU_call_site: 0x4109,
  GNU_call_site_parameter: 0x410a,
} as const;

const TEMPLATE_ARGUMENTS: ReadonlySet<number> = new Set([
  Tag.template_type_parameter,
  Tag.template_value_parameter,
  Tag.GNU_template_template_param,
  Tag.GNU_template_parameter_pack,
]);

/** Does an entry of this tag tell what an instance of a template has for a parameter (2.23)? */
export const isTemplateArgument = (tag: number): boolean => TEMPLATE_ARGUMENTS.has(tag);

/** DW_AT (7.5.4). */
export const At = {
  sibling: 0x01,
  location: 0x02,
  name: 0x03,
  byte_size: 0x0b,
  bit_offset: 0x0c,
  bit_size: 0x0d,
  stmt_list: 0x10,
  low_pc: 0x11,
  high_pc: 0x12,
  language: 0x13,
  discr: 0x15,
  discr_value: 0x16,
  import: 0x18,
  string_length: 0x19,
  comp_dir: 0x1b,
  const_value: 0x1c,
  containing_type: 0x1d,
  default_value: 0x1e,
  inline: 0x20,
  lower_bound: 0x22,
  producer: 0x25,
  prototyped: 0x27,
  return_addr: 0x2a,
  start_scope: 0x2c,
  bit_stride: 0x2e,
  upper_bound: 0x2f,
  abstract_origin: 0x31,
  accessibility: 0x32,
  artificial: 0x34,
  calling_convention: 0x36,
  count: 0x37,
  data_member_location: 0x38,
  decl_column: 0x39,
  decl_file: 0x3a,
  decl_line: 0x3b,
  declaration: 0x3c,
  discr_list: 0x3d,
  encoding: 0x3e,
  external: 0x3f,
  macro_info: 0x43,
  frame_base: 0x40,
  static_link: 0x48,
  specification: 0x47,
  type: 0x49,
  virtuality: 0x4c,
  vtable_elem_location: 0x4d,
  allocated: 0x4e,
  associated: 0x4f,
  data_location: 0x50,
  byte_stride: 0x51,
  entry_pc: 0x52,
  use_UTF8: 0x53,
  extension: 0x54,
  ranges: 0x55,
  call_column: 0x57,
  call_file: 0x58,
  call_line: 0x59,
  object_pointer: 0x64,
  endianity: 0x65,
  explicit: 0x63,
  signature: 0x69,
  main_subprogram: 0x6a,
  data_bit_offset: 0x6b,
  const_expr: 0x6c,
  enum_class: 0x6d,
  linkage_name: 0x6e,
  str_offsets_base: 0x72,
  addr_base: 0x73,
  rnglists_base: 0x74,
  dwo_name: 0x76,
  reference: 0x77,
  rvalue_reference: 0x78,
  macros: 0x79,
  call_all_calls: 0x7a,
  call_return_pc: 0x7d,
  call_value: 0x7e,
  call_origin: 0x7f,
  call_parameter: 0x80,
  call_pc: 0x81,
  call_tail_call: 0x82,
  call_target: 0x83,
  call_target_clobbered: 0x84,
  call_data_location: 0x85,
  call_data_value: 0x86,
  noreturn: 0x87,
  alignment: 0x88,
  export_symbols: 0x89,
  deleted: 0x8a,
  defaulted: 0x8b,
  loclists_base: 0x8c,
  MIPS_linkage_name: 0x2007,
  GNU_vector: 0x2107,
  GNU_template_name: 0x2110,
  GNU_call_site_value: 0x2111,
  GNU_call_site_data_value: 0x2112,
  GNU_call_site_target: 0x2113,
  GNU_tail_call: 0x2115,
  GNU_all_call_sites: 0x2117,
  GNU_macros: 0x2119,
  GNU_dwo_name: 0x2130,
  GNU_dwo_id: 0x2131,
  GNU_ranges_base: 0x2132,
  GNU_addr_base: 0x2133,
  GNU_locviews: 0x2137,
  GNU_entry_view: 0x2138,
} as const;

/** DW_FORM (7.5.6). */
export const Form = {
  addr: 0x01,
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  flag: 0x0c,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  ref_addr: 0x10,
  ref1: 0x11,
  ref2: 0x12,
  ref4: 0x13,
  ref8: 0x14,
  ref_udata: 0x15,
  indirect: 0x16,
  sec_offset: 0x17,
  exprloc: 0x18,
  flag_present: 0x19,
  strx: 0x1a,
  addrx: 0x1b,
  ref_sup4: 0x1c,
  strp_sup: 0x1d,
  data16: 0x1e,
  line_strp: 0x1f,
  ref_sig8: 0x20,
  implicit_const: 0x21,
  loclistx: 0x22,
  rnglistx: 0x23,
  ref_sup8: 0x24,
  strx1: 0x25,
  strx2: 0x26,
  strx3: 0x27,
  strx4: 0x28,
  addrx1: 0x29,
  addrx2: 0x2a,
  addrx3: 0x2b,
  addrx4: 0x2c,
  GNU_addr_index: 0x1f01,
  GNU_str_index: 0x1f02,
  GNU_ref_alt: 0x1f20,
  GNU_strp_alt: 0x1f21,
} as const;

/** DW_UT (7.5.1). */
export const UnitType = { compile: 1, type: 2, partial: 3, skeleton: 4, split_compile: 5, split_type: 6 } as const;

/** DW_ATE (7.8). */
export const Encoding = {
  address: 0x01,
  boolean: 0x02,
  complex_float: 0x03,
  float: 0x04,
  signed: 0x05,
  signed_char: 0x06,
  unsigned: 0x07,
  unsigned_char: 0x08,
  imaginary_float: 0x09,
  signed_fixed: 0x0d,
  unsigned_fixed: 0x0e,
  decimal_float: 0x0f,
  UTF: 0x10,
  UCS: 0x11,
  ASCII: 0x12,
  GNU_complex_signed: 0x80,
} as const;

/** DW_LNCT, what a column of the file and directory tables holds. */
export const LineContent = { path: 1, directory_index: 2, timestamp: 3, size: 4, MD5: 5 } as const;

/** DW_RLE (7.25). */
export const RangeEntry = {
  end_of_list: 0,
  base_addressx: 1,
  startx_endx: 2,
  startx_length: 3,
  offset_pair: 4,
  base_address: 5,
  start_end: 6,
  start_length: 7,
} as const;

/** DW_LLE (7.7.3); view_pair is a GNU extension. */
export const ListEntry = {
  end_of_list: 0,
  base_addressx: 1,
  startx_endx: 2,
  startx_length: 3,
  offset_pair: 4,
  default_location: 5,
  base_address: 6,
  start_end: 7,
  start_length: 8,
  GNU_view_pair: 9,
} as const;

/** DW_MACRO (7.23). */
export const MacroOp = {
  define: 1,
  undef: 2,
  start_file: 3,
  end_file: 4,
  define_strp: 5,
  undef_strp: 6,
  import: 7,
  define_sup: 8,
  undef_sup: 9,
  import_sup: 0x0a,
  define_strx: 0x0b,
  undef_strx: 0x0c,
} as const;

/** DW_LANG (table 7.17) of those whose arrays begin at 1 unless they say otherwise: Ada, Cobol, Fortran, Pascal, Modula, PL/I, Julia. */
const COUNTING_FROM_1: ReadonlySet<number> = new Set([
  0x03, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0d, 0x0e, 0x0f, 0x17, 0x1f, 0x22, 0x23, 0x2d, 0x2e, 0x2f,
]);

/** The lower bound of an array that does not give one (DW_AT_lower_bound, 5.13). */
export const lowestIndex = (language: number): number => (COUNTING_FROM_1.has(language) ? 1 : 0);

/** What a unit is written in, as far as that makes a difference here. */
export type Language = 'c' | 'c++' | 'rust' | 'asm' | 'other';

/** DW_LANG (7.12), by family. */
export const languageOf = (code: number): Language => {
  switch (code) {
    case 0x01: // C89
    case 0x02: // C
    case 0x0c: // C99
    case 0x1d: // C11
    case 0x2c: // C17
    case 0x3e: // C23
      return 'c';
    case 0x04: // C++
    case 0x19: // C++03
    case 0x1a: // C++11
    case 0x21: // C++14
    case 0x2a: // C++17
    case 0x2b: // C++20
    case 0x3a: // C++23
      return 'c++';
    case 0x1c:
      return 'rust';
    case 0x8001: // DW_LANG_Mips_Assembler, which stands for all of them
      return 'asm';
    default:
      return 'other';
  }
};

/** The part of elfy 1.0.0 (npm, without types of its own) that container.ts uses. */
declare module 'elfy' {
  namespace elfy {
    interface Header {
      type: string | undefined;
      machine: string | undefined;
      entry: number;
      phoff: number;
      shoff: number;
      flags: number;
      phentsize: number;
      phnum: number;
      shentsize: number;
      shnum: number;
      shstrndx: number;
    }
    interface Program {
      offset: number;
      vaddr: number;
      filesz: number;
      memsz: number;
      flags: { r?: true; w?: true; x?: true };
      align: number;
    }
    interface Section {
      /** Offset in the table of section names. */
      name: number;
      addr: number;
      off: number;
      size: number;
      link: number;
      info: number;
    }
    class Parser {
      parseHeader(file: Buffer): Header;
      parsePrograms(file: Buffer, header: Header): Program[];
      parseSections(file: Buffer, header: Header): Section[];
    }
  }
  export = elfy;
}

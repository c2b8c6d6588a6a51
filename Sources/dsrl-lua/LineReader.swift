@preconcurrency import CReadline
import Glibc
import Tensors

/// A line from the terminal by readline, or a plain one where there is no terminal.
enum LineReader {
  static func install() {
    rl_readline_name = UnsafePointer(strdup("dsrl-lua"))
    rl_getc_function = { file in
      while true {
        var byte: UInt8 = 0
        let count = Glibc.read(fileno(file), &byte, 1)
        if count == 1 { return Int32(byte) }
        guard count < 0, errno == EINTR else { return EOF }
        // Hands the signal on to our handler, the terminal being put back for so long.
        rl_check_signals()
        guard Interrupt.isRequested else { continue }
        rl_replace_line("", 0)
        return Int32(UInt8(ascii: "\n"))
      }
    }
  }

  /// nil at the end of input; after Ctrl-C an empty line.
  static func read(_ prompt: String) -> String? {
    guard let line = readline(prompt) else { return nil }
    defer { free(line) }
    return String(cString: line)
  }
}

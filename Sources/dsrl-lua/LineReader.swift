@preconcurrency import CReadline
import Glibc
import Tensors

/// A line from the terminal by readline, or a plain one where there is no terminal.
enum LineReader {
  static let isTerminal = isatty(STDIN_FILENO) == 1

  static func install() {
    guard isTerminal else { return }
    rl_readline_name = UnsafePointer(strdup("dsrl-lua"))
    rl_getc_function = { file in
      while true {
        // Hands a signal on to our handler, the terminal being put back for so long; readline may have done so before.
        rl_check_signals()
        if Interrupt.isRequested {
          rl_replace_line("", 0)
          return Int32(UInt8(ascii: "\n"))
        }
        guard shim_wait_for_key(fileno(file)) != 0 else { continue }
        var byte: UInt8 = 0
        let count = Glibc.read(fileno(file), &byte, 1)
        if count == 1 { return Int32(byte) }
        guard count < 0, errno == EINTR else { return EOF }
      }
    }
  }

  /// nil at the end of input; after Ctrl-C an empty line at a terminal, nil elsewhere. Pasted lines come as one, with their newlines.
  static func read(_ prompt: String) -> String? {
    guard isTerminal else { return plainLine() }
    guard let line = readline(prompt) else { return nil }
    defer { free(line) }
    return String(cString: line)
  }

  private static func plainLine() -> String? {
    repeat {
      if let line = shim_read_line() {
        defer { free(line) }
        return String(cString: line).trimmingSuffix { $0 == "\n" || $0 == "\r\n" }
      }
    } while errno == EINTR && !Interrupt.isRequested
    return nil
  }
}

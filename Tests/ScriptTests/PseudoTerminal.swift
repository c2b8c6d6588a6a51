import FoundationEssentials
import Glibc

/// The program at a terminal of its own, and somebody who types and looks at the screen.
final class PseudoTerminal {
  private let master: Int32
  private let process: pid_t
  /// Everything that the program has written.
  private var bytes: [UInt8] = []
  private var seen = 0
  private var hasEnded = false

  struct Failure: Error { let what: String }

  /// Starts the program in `folder`, which is also its home; nothing of the caller's environment but PATH and `variables` reaches it.
  init(_ arguments: [String] = [], folder: String, variables: [String: String] = [:], columns: UInt16 = 80) throws {
    // What posix_openpt, unlockpt and ptsname do; Swift's view of Glibc lacks them.
    let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    var (locked, number): (Int32, Int32) = (0, 0)
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    guard master >= 0, ioctl(master, unlock, &locked) == 0, ioctl(master, getNumber, &number) == 0 else { throw Failure(what: "no pseudo-terminal") }
    let name = "/dev/pts/\(number)"
    var size = winsize(ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that the leader of a session opens becomes its own, so that Ctrl-C typed there is a signal to it.
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, 0x80)  // POSIX_SPAWN_SETSID

    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let setting = ["PATH": path, "HOME": folder, "TERM": "xterm-256color"].merging(variables) { $1 }
    let words = ["sh", "-c", "cd \"$0\" && exec \"$@\"", folder, Program.path] + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = setting.map { strdup("\($0)=\($1)") } + [nil]
    defer { (argv + environment).forEach { free($0) } }
    var process = pid_t()
    let failed = posix_spawn(&process, "/bin/sh", &actions, &attributes, &argv, &environment)
    guard failed == 0 else { throw Failure(what: "cannot start \(Program.path): \(String(cString: strerror(failed)))") }
    self.process = process
  }

  deinit {
    if !hasEnded { kill(process, SIGKILL); _ = waitpid(process, nil, 0) }
    close(master)
  }

  /// A prompt, "> " or ">> ", behind readline's wish that the terminal mark what is pasted.
  static let prompt = "\u{1B}[?2004h>"

  func type(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Reads until `text` has come that no earlier call has seen; returns what came up to it, without control sequences. A minute is the end of patience.
  @discardableResult
  func wait(for text: String) throws -> String {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      let unseen = bytes[seen...]
      if let found = unseen.firstRange(of: Array(text.utf8)) {
        seen = found.upperBound
        return PseudoTerminal.plain(unseen[..<found.upperBound])
      }
      guard ContinuousClock.now < deadline else { throw Failure(what: "waited for \(text.debugDescription), saw \(PseudoTerminal.plain(unseen).debugDescription)") }
      guard readMore() else { throw Failure(what: "the program ended; waited for \(text.debugDescription), saw \(PseudoTerminal.plain(unseen).debugDescription)") }
    }
  }

  /// Types a line and waits for the next prompt; returns what was printed between, the line itself left out.
  @discardableResult
  func enter(_ line: String) throws -> String {
    type(line + "\r")
    let text = try wait(for: PseudoTerminal.prompt)
    let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    return lines.dropFirst().joined(separator: "\n").trimmed
  }

  /// Types what stays on the line, and then Ctrl-C; waits for the next prompt.
  func interrupt(after text: String = "") throws {
    type(text)
    if !text.isEmpty { try wait(for: text.suffix(3).description) }
    type("\u{3}")
    try wait(for: PseudoTerminal.prompt)
  }

  /// Waits for the program's end: the exit code, or minus the signal that ended it; and what it wrote before.
  func end() throws -> Int32 {
    let deadline = ContinuousClock.now + .seconds(60)
    while readMore(), ContinuousClock.now < deadline {}
    guard ContinuousClock.now < deadline else { throw Failure(what: "the program does not end") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    hasEnded = true
    return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
  }

  /// Everything so far, without control sequences.
  var screen: String { PseudoTerminal.plain(bytes[...]) }
  /// The same with them.
  var raw: String { String(decoding: bytes, as: UTF8.self) }

  /// A little of what there is, after at most a tenth of a second; false once the program has closed the terminal.
  private func readMore() -> Bool {
    var waiting = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, 100) > 0 else { return true }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(master, &buffer, buffer.count)
    guard count > 0 else { return false }
    bytes += buffer[..<count]
    return true
  }

  private static func plain(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).replacing(/\u{1B}\[[0-9;?]*[a-zA-Z]/, with: "").replacing("\r\n", with: "\n").replacing("\r", with: "").replacing("\u{7}", with: "")
  }
}

extension String {
  var trimmed: String {
    let front = drop { $0.isWhitespace }
    return String(front.reversed().drop { $0.isWhitespace }.reversed())
  }
}

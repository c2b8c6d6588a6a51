import Glibc
import Tensors

/// Another program that answers messages: each is its length (UInt32) and its bytes, both ways, over its standard input and output.
///
/// It ends with this object. It is out of our process group, so that Ctrl-C at a terminal reaches us alone.
final class HelperProcess {
  /// How errors name it.
  let name: String
  /// Seconds that an answer may take.
  let timeout: Double
  private var process: pid_t = 0
  private var connection: Int32
  /// What it writes to its standard error.
  private let errors: Int32
  /// Answers to messages whose senders were interrupted.
  private var owed = 0

  /// Starts `arguments[0]` as found on the PATH; throws where there is no such program.
  init(_ arguments: [String], name: String, timeout: Double) throws {
    (self.name, self.timeout) = (name, timeout)
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw UsageError("cannot talk to another program: \(String(cString: strerror(errno)))") }
    connection = ends[0]
    errors = HelperProcess.temporaryFile()
    defer { close(ends[1]) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    if errors >= 0 { posix_spawn_file_actions_adddup2(&actions, errors, 2) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    let failed = posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, environ)
    guard failed == 0 else {
      process = 0
      throw UsageError(failed == ENOENT ? "there is no program '\(arguments[0])'" : "cannot run \(arguments[0]): \(String(cString: strerror(failed)))")
    }
  }

  deinit {
    end()
    if errors >= 0 { close(errors) }
  }

  /// Without a name, closed in the programs we start; -1 where there can be none, and then nobody reads what it would hold.
  private static func temporaryFile() -> Int32 {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array("\(folder)/dsrl-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    guard file >= 0 else { return -1 }
    unlink(name)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    return file
  }

  /// Its answer, without the first byte; throws where that is not 0, where it ends, and where it takes too long, which ends it.
  func ask(_ message: [UInt8]) throws -> [UInt8] {
    guard connection >= 0 else { throw UsageError("the process of \(name) has ended") }
    while owed > 0 { _ = try receive() }
    try send(withUnsafeBytes(of: UInt32(message.count).littleEndian) { Array($0) } + message)
    owed += 1
    let answer = try receive()
    guard answer.first == 0 else { throw UsageError("\(name): \(String(decoding: answer.dropFirst(), as: UTF8.self))") }
    return Array(answer.dropFirst())
  }

  /// Ends it, if it has not ended.
  func end() {
    if connection >= 0 { close(connection) }
    connection = -1
    guard process > 0 else { return }
    var status: Int32 = 0
    for _ in 0..<50 {
      if waitpid(process, &status, WNOHANG) != 0 {
        process = 0
        return
      }
      usleep(10_000)
    }
    kill(process, SIGKILL)
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    process = 0
  }

  private func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if sent < 0 && errno == EINTR { continue }
      guard sent > 0 else { throw ended() }
      rest = rest.dropFirst(sent)
    }
  }

  /// What has come of the answer that is under way; kept where Ctrl-C leaves it half read.
  private var partial: [UInt8] = []

  private func receive() throws -> [UInt8] {
    try receive(upTo: 4)
    let count = partial[..<4].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard (1...1 << 30).contains(count) else {
      end()
      throw UsageError("the process of \(name) does not speak as it should; it was ended")
    }
    try receive(upTo: 4 + count)
    owed -= 1
    defer { partial = [] }
    return Array(partial[4...])
  }

  private func receive(upTo count: Int) throws {
    let began = now()
    while partial.count < count {
      var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, 100)
      try Interrupt.check()
      if ready == 0 || (ready < 0 && errno == EINTR) {
        guard now() - began < timeout else {
          kill(process, SIGKILL)
          end()
          throw UsageError("\(name) has not answered for \(Box.short(timeout)) s (timeout); its process was ended")
        }
        continue
      }
      var buffer = [UInt8](repeating: 0, count: count - partial.count)
      let got = read(connection, &buffer, buffer.count)
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { throw ended() }
      partial += buffer[..<got]
    }
  }

  private func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Why it is no more.
  private func ended() -> UsageError {
    var status: Int32 = 0
    if process > 0 {
      for _ in 0..<100 where waitpid(process, &status, WNOHANG) == 0 { usleep(10_000) }
      process = 0
    }
    let signal = status & 0x7f
    let how = signal == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(signal)"
    let last = lastWords()
    end()
    return UsageError("the process of \(name) ended (\(how))" + (last.isEmpty ? "" : ": \(last)"))
  }

  /// The last line that it wrote to its standard error.
  private func lastWords() -> String {
    let size = lseek(errors, 0, SEEK_END)
    var buffer = [UInt8](repeating: 0, count: min(max(size, 0), 4000))
    let got = pread(errors, &buffer, buffer.count, max(size - buffer.count, 0))
    let text = String(decoding: buffer[..<max(got, 0)], as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
  }
}

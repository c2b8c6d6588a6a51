import FoundationEssentials
import Glibc
import Tensors

/// Another program, run to its end.
public enum Command {
  public struct Result: Sendable {
    /// As the shell's: the exit code, or 128 and the number of the signal that ended it.
    public var status: Int32
    public var output: [UInt8]
    public var errors: String
  }

  /// Runs `arguments[0]` as found on the PATH, `input` on its standard input; nil where there is no such program.
  public static func run(_ arguments: [String], input: String = "") throws -> Result? {
    // Files instead of pipes: no order of reading and writing can make the two wait for each other.
    let files = try (0..<3).map { _ in try temporaryFile() }
    defer { files.forEach { _ = close($0) } }
    var bytes = Array(input.utf8)[...]
    while !bytes.isEmpty {
      let put = bytes.withUnsafeBytes { write(files[0], $0.baseAddress, $0.count) }
      guard put > 0 else { throw UsageError("cannot hand input to \(arguments[0]): \(String(cString: strerror(errno)))") }
      bytes = bytes.dropFirst(put)
    }
    lseek(files[0], 0, SEEK_SET)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in files.enumerated() { posix_spawn_file_actions_adddup2(&actions, file, Int32(number)) }
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var process = pid_t()
    let failed = posix_spawnp(&process, arguments[0], &actions, nil, &argv, environ)
    if failed == ENOENT { return nil }
    guard failed == 0 else { throw UsageError("cannot run \(arguments[0]): \(String(cString: strerror(failed)))") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return Result(status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: content(files[1]), errors: String(decoding: content(files[2]), as: UTF8.self))
  }

  /// Open for reading and writing, without a name, closed in the programs we start.
  private static func temporaryFile() throws -> Int32 {
    var name = Array((FileManager.default.temporaryDirectory.path + "/dsrl-XXXXXX").utf8CString)
    let file = mkstemp(&name)
    guard file >= 0 else { throw UsageError("cannot make a temporary file: \(String(cString: strerror(errno)))") }
    unlink(name)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    return file
  }

  private static func content(_ file: Int32) -> [UInt8] {
    lseek(file, 0, SEEK_SET)
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = read(file, &buffer, buffer.count)
      guard got > 0 else { return result }
      result += buffer[..<got]
    }
  }
}

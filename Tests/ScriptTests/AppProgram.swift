import FoundationEssentials
import Glibc

/// The program as a user meets it: a process with arguments, input, an exit code and a folder of its own.
struct Program {
  struct Outcome {
    var code: Int32
    var output: String
    var errors: String
  }

  /// The working folder, empty at first.
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/app-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }
  func remove() throws { try FileManager.default.removeItem(atPath: folder) }

  /// Built beside the bundle of tests.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/dsrl-lua"
  }()
  /// Of the repository.
  static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

  func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
  func read(_ name: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/\(name)")), as: UTF8.self) }
  func exists(_ name: String) -> Bool { access("\(folder)/\(name)", F_OK) == 0 }

  /// Runs to the end, by another program where `under` names one. `signals` times `signal` is sent once the process has made the file `ready`.
  func run(_ arguments: [String], input: String = "", signals: Int = 0, signal: Int32 = SIGINT, ready: String = "ready", under: [String] = []) throws -> Outcome {
    // The shell changes the folder and becomes the program.
    try start(["sh", "-c", "cd \"$0\" && exec \"$@\"", folder] + under + [Program.path] + arguments, input, signals, signal, ready)
  }

  /// Runs a line of the shell in the working folder, where $PROGRAM and $ROOT are the program and the repository.
  func shell(_ line: String) throws -> Outcome {
    let words = ["sh", "-c", "cd \"$0\" && PROGRAM=\"$1\" ROOT=\"$2\" && export PROGRAM ROOT && eval \"$3\"", folder, Program.path, Program.root, line]
    return try start(words, "", 0, SIGINT, "")
  }

  private func start(_ words: [String], _ input: String, _ signals: Int, _ signal: Int32, _ ready: String) throws -> Outcome {
    try write("stdin", input)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "\(folder)/stdin", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/stdout", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/stderr", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var process = pid_t()
    let failed = posix_spawn(&process, "/bin/sh", &actions, nil, &argv, environ)
    guard failed == 0 else { throw Failure(what: "cannot start \(Program.path): \(String(cString: strerror(failed)))") }

    if signals > 0 {
      for _ in 0..<3000 where !exists(ready) { usleep(10_000) }
      for _ in 0..<signals {
        kill(process, signal)
        usleep(1000)
      }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let killed = status & 0x7f
    return Outcome(code: killed == 0 ? status >> 8 & 0xff : -killed, output: try read("stdout"), errors: try read("stderr"))
  }

  struct Failure: Error { let what: String }
}

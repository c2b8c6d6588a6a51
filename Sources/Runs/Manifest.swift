import Files
import Glibc
import Tensors

/// What a run was: enough to do it again, and how it ended.
public struct Manifest: Codable, Sendable {
  public enum Status: String, Codable, Sendable { case running, finished, interrupted, failed
    /// Asked to, by a scheduler's signal or the time limit, after saving.
    case stopped
  }

  public var program = "dsrl-lua"
  public var version: String
  /// Of the repository that holds the script; ends in "-dirty" where files differ from it.
  public var gitRevision: String?
  public var processor = Manifest.processorName()
  public var instructionSet = Manifest.instructionSets()
  public var threads: Int
  public var seed: Int
  public var script: String
  public var scriptSHA256: String
  /// What the script got as `...`.
  public var arguments: [String]
  /// The command line's `--set`, "key=value".
  public var settings: [String]
  /// Path to SHA-256 of every module the script loaded.
  public var modules: [String: String] = [:]
  public var options: JSON
  /// UTC, ISO 8601.
  public var started: String
  /// When it went on after having been stopped.
  public var resumed: [String] = []
  public var ended: String?
  /// The most memory that the process held, in bytes.
  public var peakMemory: Int?
  public var status = Status.running
  public var error: String?

  /// Throws where `script` cannot be read.
  public init(version: String, script: String, arguments: [String] = [], settings: [String] = [], seed: Int, threads: Int, options: JSON) throws {
    (self.version, self.script, self.arguments, self.settings) = (version, script, arguments, settings)
    (self.seed, self.threads, self.options) = (seed, threads, options)
    scriptSHA256 = try SHA256.hex(file: script)
    let folder = script.lastIndex(of: "/").map { String(script[...$0]) } ?? "."
    gitRevision = try Manifest.revision(of: folder)
    started = Manifest.now()
  }

  public static func read(_ runFolder: String) throws -> Manifest {
    try JSON.decode(Manifest.self, from: try readBytes(runFolder + "/manifest.json"), source: runFolder + "/manifest.json")
  }

  static func now() -> String { clock("%Y-%m-%dT%H:%M:%SZ", utc: true) }

  /// The present moment in strftime's words.
  static func clock(_ format: String, utc: Bool) -> String {
    var seconds = time(nil)
    var parts = tm()
    _ = utc ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, format, &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// nil outside of a repository, or where git is missing.
  private static func revision(of folder: String) throws -> String? {
    let result = try Command.run(["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])
    guard let result, result.status == 0 else { return nil }
    return String(decoding: result.output, as: UTF8.self).trimmed
  }

  /// The most memory that this process had, in bytes.
  public static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }

  public static func processorName() -> String { processorField("model name") ?? "unknown" }

  /// Those of the vector units that numbers may depend on.
  public static func instructionSets() -> String {
    let flags = Set((processorField("flags") ?? "").split(separator: " "))
    return ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"].filter { flags.contains(Substring($0)) }.joined(separator: " ")
  }

  private static func processorField(_ name: String) -> String? {
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 1 << 14)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].trimmed == name else { continue }
      return parts[1].trimmed
    }
    return nil
  }
}

extension StringProtocol {
  /// Without white space at both ends.
  var trimmed: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}

import FoundationEssentials
import Files
import Glibc
import Tensors

/// What was measured at one step of a run.
public struct MetricsRecord: Equatable, Sendable {
  /// Environment steps so far.
  public var step: Int
  /// Wall time since the run began.
  public var seconds: Double
  public var values: [String: Double]
}

/// A run's numbers over time: metrics.jsonl, one object a line, written at once; the same for TensorBoard in events.out.tfevents.0.dsrl-lua.
///
/// Keys are Stable-Baselines3's. The step comes first as `time/total_timesteps`, then the values by name, and the wall time last as
/// `time/time_elapsed`, so that two runs of one seed differ in that key alone. What JSON lacks is the text "nan", "inf" or "-inf".
public final class Metrics {
  public static let stepKey = "time/total_timesteps"
  public static let secondsKey = "time/time_elapsed"

  private let folder: String
  private let file: OutputFile
  private let events: EventFile
  private var begin: Double
  /// Bytes of metrics.jsonl.
  public private(set) var size = 0

  /// Continues the file that is there, without a last line that was cut off; its clock goes on from where it stopped.
  public init(folder: String) throws {
    self.folder = folder
    let path = folder + "/metrics.jsonl"
    var elapsed = 0.0
    if access(path, F_OK) == 0 {
      elapsed = try Metrics.read(folder).last?.seconds ?? 0
      let text = try readText(path)
      if !text.isEmpty, !text.hasSuffix("\n") {
        try AtomicFile.write(text.lastIndex(of: "\n").map { String(text[...$0]) } ?? "", to: path)
      }
    }
    if access(path, F_OK) == 0 { size = try readBytes(path).count }
    file = try OutputFile.appending(to: path)
    events = try EventFile(folder: folder, try Metrics.read(folder), elapsed: elapsed)
    begin = Progress.clock() - elapsed
  }

  /// Adds a line.
  public func record(step: Int, _ values: [String: Double]) throws {
    for key in [Metrics.stepKey, Metrics.secondsKey] where values[key] != nil { throw UsageError("'\(key)' is written by itself") }
    let seconds = (Progress.clock() - begin) * 1000
    var members = ["\(JSON.string(Metrics.stepKey).text): \(step)"]
    members += values.sorted { $0.key < $1.key }.map { "\(JSON.string($0.key).text): \(Metrics.json($0.value).text)" }
    members.append("\(JSON.string(Metrics.secondsKey).text): \(JSON.number(seconds.rounded() / 1000).text)")
    try append("{" + members.joined(separator: ", ") + "}\n")
    try events.add(MetricsRecord(step: step, seconds: seconds / 1000, values: values))
  }

  private func append(_ text: String) throws {
    try file.write(text)
    size += text.utf8.count
  }

  /// The lines from byte `start` on.
  public func lines(from start: Int) throws -> String {
    String(decoding: try readBytes(folder + "/metrics.jsonl").dropFirst(start), as: UTF8.self)
  }

  /// Adds lines that an earlier process of this run wrote; the clock goes on from the last of them.
  public func replay(_ lines: String) throws {
    guard !lines.isEmpty else { return }
    try append(lines)
    for record in try Metrics.records(in: lines, source: "a checkpoint's metrics") { try events.add(record) }
    let last = lines.split(separator: "\n").last.map(String.init) ?? ""
    if let seconds = try JSON(parsing: last, source: "a checkpoint's metrics")[Metrics.secondsKey]?.number { begin = Progress.clock() - seconds }
  }

  /// Writes the same as a table, metrics.csv: one column a key, empty where a line lacks it.
  public func writeTable() throws {
    let records = try Metrics.read(folder)
    let keys = Set(records.flatMap(\.values.keys)).sorted()
    var lines = [([Metrics.stepKey] + keys + [Metrics.secondsKey]).map(Metrics.cell).joined(separator: ",")]
    for record in records {
      let cells = keys.map { key in record.values[key].map { Metrics.json($0) }.map { $0.string ?? $0.text } ?? "" }
      lines.append(([String(record.step)] + cells + [JSON.number(record.seconds).text]).joined(separator: ","))
    }
    try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: folder + "/metrics.csv")
  }

  /// Reads a run folder's metrics back; a last line that was cut off is left out, any other that is damaged throws.
  public static func read(_ folder: String) throws -> [MetricsRecord] {
    let path = folder + "/metrics.jsonl"
    return try records(in: try readText(path), source: path)
  }

  private static func records(in text: String, source path: String) throws -> [MetricsRecord] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    lines.removeLast()  // what follows the last line's end
    return try lines.enumerated().map { number, line in
      let source = "\(path):\(number + 1)"
      guard case .object(let members) = try JSON(parsing: String(line), source: source) else { throw UsageError("'\(source)' is not an object") }
      var values: [String: Double] = [:]
      for (key, value) in members {
        guard let number = value.number ?? value.string.flatMap(Double.init) else { throw UsageError("'\(source)': '\(key)' is not a number") }
        values[key] = number
      }
      guard let step = values.removeValue(forKey: stepKey).flatMap(Int.init(exactly:)) else { throw UsageError("'\(source)' lacks '\(stepKey)'") }
      guard let seconds = values.removeValue(forKey: secondsKey) else { throw UsageError("'\(source)' lacks '\(secondsKey)'") }
      return MetricsRecord(step: step, seconds: seconds, values: values)
    }
  }

  private static func json(_ value: Double) -> JSON { value.isFinite ? .number(value) : .string(value.isNaN ? "nan" : value > 0 ? "inf" : "-inf") }

  private static func cell(_ text: String) -> String {
    text.contains { $0 == "," || $0 == "\"" || $0.isNewline } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }
}

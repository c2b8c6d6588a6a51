import Files
import Tensors

/// Environments of Gymnasium, in a Python process of their own: one message for a step of all of them.
public final class GymnasiumBatch: EnvironmentBatch {
  public let id: String
  public let count: Int
  public let observationSpace: Box
  public let actionSpace: Box
  public let maxEpisodeSteps: Int?
  private let version: String
  private let host: HelperProcess
  private var streams: [RandomStream]
  /// Whether the next reset begins Gymnasium's random numbers anew.
  private var isSeeded: [Bool]

  /// `script` is stdlib/gymnasium_host.py; `arguments` are gymnasium.make's, a JSON object; `timeout` in seconds for one answer.
  public init(_ id: String, count: Int, python: String, script: String, arguments: JSON, timeout: Double) throws {
    guard timeout > 0, timeout.isFinite else { throw UsageError("timeout wants a positive number of seconds, got \(timeout)") }
    (self.id, self.count) = (id, count)
    host = try HelperProcess([python, "-u", script], name: id, timeout: timeout)
    let wanted = JSON.object(["id": .string(id), "num_envs": .number(Double(count)), "kwargs": arguments])
    var answer: MessageReader
    do { answer = MessageReader(try host.ask([UInt8(ascii: "M")] + wanted.text.utf8)) } catch let error as UsageError {
      guard error.description.contains("No module named 'gymnasium'") else { throw error }
      throw UsageError("\(python) has no module gymnasium; install it there (\(python) -m pip install gymnasium), or name another interpreter: python = \"...\"")
    }
    observationSpace = try answer.space()
    actionSpace = try answer.space()
    let limit = Int(Int64(bitPattern: try answer.integer(8)))
    maxEpisodeSteps = limit > 0 ? limit : nil
    version = answer.rest()
    streams = (0..<count).map { RandomStream(seed: 0, purpose: "env", index: $0) }
    isSeeded = Array(repeating: true, count: count)
  }

  public var rules: [Rule] {
    [Rule(topic: "version", text: "Gymnasium \(version), in a process of its own; its state is not known, so no checkpoint can hold it")]
  }

  public func stream(of row: Int) -> RandomStream { streams[row] }
  public func setStream(_ stream: RandomStream, of row: Int) {
    streams[row] = stream
    isSeeded[row] = true
  }

  public func reset(_ rows: [Int]) throws -> [[Double]] {
    guard !rows.isEmpty else { return [] }
    var message = [UInt8(ascii: "R")]
    for row in rows {
      message.put(UInt64(row), 4)
      message.append(isSeeded[row] ? 1 : 0)
      message.put(isSeeded[row] ? seed(for: row) : 0, 8)
    }
    var answer = MessageReader(try host.ask(message))
    for row in rows { isSeeded[row] = false }
    return try rows.map { _ in try answer.numbers(observationSpace.count) }
  }

  /// The seed itself for a single environment's stream, so that Gymnasium's numbers are those of reset(seed=...); else one drawn from the stream.
  private func seed(for row: Int) -> UInt64 {
    let given = streams[row].seed
    if given >= 0, streams[row] == RandomStream(seed: given, purpose: "env") { return UInt64(given) }
    return streams[row].next() >> 33
  }

  public func step(_ actions: [[Double]], in rows: [Int]) throws -> [Step] {
    var message = [UInt8(ascii: "S")]
    message.put(UInt64(rows.count), 4)
    for row in rows { message.put(UInt64(row), 4) }
    for action in actions {
      guard action.count == actionSpace.count, action.allSatisfy(\.isFinite) else {
        throw UsageError("\(id) wants an action of \(actionSpace.count) finite numbers, got \(action)")
      }
      for value in action { message.put(value.bitPattern, 8) }
    }
    var answer = MessageReader(try host.ask(message))
    return try rows.map { _ in
      let (observation, reward) = (try answer.numbers(observationSpace.count), try answer.numbers(1)[0])
      let (terminated, truncated) = (try answer.integer(1) != 0, try answer.integer(1) != 0)
      return Step(observation: observation, reward: reward, terminated: terminated, truncated: truncated, info: try answer.info())
    }
  }

  public func state(of row: Int) throws -> EnvironmentState { throw stateless }
  public func restore(_ state: EnvironmentState, of row: Int) throws { throw stateless }

  private var stateless: UsageError { UsageError("\(id) runs in Gymnasium's process, which does not tell its state: it cannot be kept or restored, and no checkpoint can hold it") }

  /// Ends the process.
  public func close() { host.end() }
}

extension [UInt8] {
  fileprivate mutating func put(_ number: UInt64, _ bytes: Int) {
    for byte in 0..<bytes { append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte)))) }
  }
}

/// An answer of the host, read from front to back.
private struct MessageReader {
  let bytes: [UInt8]
  private var next = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func integer(_ count: Int) throws -> UInt64 {
    guard next + count <= bytes.count else { throw UsageError("Gymnasium's process sent a short answer") }
    defer { next += count }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[next + $1]) << (8 * UInt64($1)) }
  }

  mutating func numbers(_ count: Int) throws -> [Double] { try (0..<count).map { _ in Double(bitPattern: try integer(8)) } }

  mutating func space() throws -> Box {
    let count = Int(try integer(4))
    guard (1...1 << 20).contains(count), 16 * count <= bytes.count else { throw UsageError("a space of 1 to \(1 << 20) numbers expected, got one of \(count)") }
    return try Box(low: numbers(count), high: numbers(count))
  }

  mutating func info() throws -> StepInfo {
    let fields = try (0..<Int(integer(4))).map { _ in
      let name = String(decoding: try (0..<Int(integer(2))).map { _ in UInt8(try integer(1)) }, as: UTF8.self)
      return (name, try numbers(1)[0])
    }
    return StepInfo(names: fields.map(\.0), values: fields.map(\.1))
  }

  mutating func rest() -> String { String(decoding: bytes[next...], as: UTF8.self) }
}

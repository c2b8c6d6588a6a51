import Tensors

/// Environments that step together: one call for all, where that is cheaper than one after the other.
public protocol EnvironmentBatch: AnyObject {
  var id: String { get }
  var count: Int { get }
  var observationSpace: Box { get }
  var actionSpace: Box { get }
  var maxEpisodeSteps: Int? { get }
  var rules: [Rule] { get }

  /// Where the random numbers of environment `row` come from.
  func stream(of row: Int) -> RandomStream
  func setStream(_ stream: RandomStream, of row: Int)

  /// Starts episodes in the environments `rows`; their first observations, in that order.
  func reset(_ rows: [Int]) throws -> [[Double]]
  /// One step in the environments `rows`, whose actions stand in that order.
  func step(_ actions: [[Double]], in rows: [Int]) throws -> [Step]

  /// All that the future of environment `row` depends on; what all share may stand in the first's.
  func state(of row: Int) throws -> EnvironmentState
  /// Restored are all of them, from the first to the last.
  func restore(_ state: EnvironmentState, of row: Int) throws

  /// Ends what runs outside of the program; then there is nothing to step.
  func close()
}

extension EnvironmentBatch {
  public func close() {}
}

/// One of the environments of a batch. What `prepare` did for it is what its next step or reset gives; without that it goes on alone.
public final class BatchRow: Environment {
  public let batch: any EnvironmentBatch
  /// Its place, from 0.
  public let row: Int
  private var step: Step?
  private var first: [Double]?

  public init(_ batch: any EnvironmentBatch, row: Int) { (self.batch, self.row) = (batch, row) }

  /// All of a batch, in order.
  public static func rows(of batch: any EnvironmentBatch) -> [BatchRow] { (0..<batch.count).map { BatchRow(batch, row: $0) } }

  /// Steps these environments of one batch together.
  public static func prepare(_ rows: [BatchRow], _ actions: [[Double]]) throws {
    guard let batch = rows.first?.batch else { return }
    let steps = try batch.step(actions, in: rows.map(\.row))
    precondition(steps.count == rows.count, "a batch gives a step for each row")
    for (row, step) in zip(rows, steps) { row.step = step }
  }

  /// Resets these environments of one batch together.
  public static func prepareReset(_ rows: [BatchRow]) throws {
    guard let batch = rows.first?.batch else { return }
    let observations = try batch.reset(rows.map(\.row))
    precondition(observations.count == rows.count, "a batch gives an observation for each row")
    for (row, observation) in zip(rows, observations) { row.first = observation }
  }

  public var id: String { batch.id }
  public var observationSpace: Box { batch.observationSpace }
  public var actionSpace: Box { batch.actionSpace }
  public var maxEpisodeSteps: Int? { batch.maxEpisodeSteps }
  public var runsOnAnyThread: Bool { false }
  public var batchRow: BatchRow? { self }
  public var rules: [Rule] { batch.rules }
  public var stream: RandomStream {
    get { batch.stream(of: row) }
    set { batch.setStream(newValue, of: row) }
  }

  public func reset() throws -> [Double] {
    defer { (step, first) = (nil, nil) }
    return try first ?? batch.reset([row])[0]
  }

  public func step(_ action: [Double]) throws -> Step {
    defer { (step, first) = (nil, nil) }
    return try step ?? batch.step([action], in: [row])[0]
  }

  public func close() { batch.close() }

  public var state: EnvironmentState { get throws { try batch.state(of: row) } }
  public func restore(_ state: EnvironmentState) throws {
    (step, first) = (nil, nil)
    try batch.restore(state, of: row)
  }
}

/// Environments side by side: together where they are rows of one batch, on threads where they allow it, else one after the other.
public struct EnvironmentGroup {
  public let environments: [any Environment]
  /// All rows of one batch, in their order; nil where they are not.
  public let rows: [BatchRow]?
  public let runsOnAnyThread: Bool

  public init(_ environments: [any Environment]) {
    let rows = environments.compactMap(\.batchRow)
    let isBatch = rows.count == environments.count && rows.enumerated().allSatisfy { $0 == $1.row && $1.batch === rows[0].batch }
    (self.environments, self.rows) = (environments, isBatch ? rows : nil)
    runsOnAnyThread = environments.allSatisfy(\.runsOnAnyThread)
  }

  /// One step in those at `places`, whose actions stand in that order.
  public func step(_ actions: [[Double]], at places: [Int]) throws -> [Step] {
    if let rows { try BatchRow.prepare(places.map { rows[$0] }, actions) }
    return try each(places) { environment, index in try environment.step(actions[index]) }
  }

  /// Starts episodes in those at `places`.
  public func reset(at places: [Int]) throws -> [[Double]] {
    if let rows { try BatchRow.prepareReset(places.map { rows[$0] }) }
    return try each(places) { environment, _ in try environment.reset() }
  }

  private func each<R>(_ places: [Int], _ body: @escaping (any Environment, Int) throws -> R) throws -> [R] {
    guard runsOnAnyThread, places.count > 1, Threads.count > 1 else { return try places.enumerated().map { try body(environments[$1], $0) } }
    nonisolated(unsafe) let here = environments
    nonisolated(unsafe) let work = body
    var results = [R?](repeating: nil, count: places.count)
    try results.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let target = buffer
      try Threads.parallel(rows: places.count) { range in
        for index in range { target[index] = try work(here[places[index]], index) }
      }
    }
    return results.compactMap(\.self)
  }
}

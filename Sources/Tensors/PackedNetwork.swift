import Synchronization

/// A frozen network, packed for the evaluations of whole denoising chains.
public protocol PackedNetwork: AnyObject, Sendable {
  /// Width of x and of the result.
  var size: Int { get }
  var observationSize: Int { get }
  /// How many times it is packed for; a time is its number.
  var times: Int { get }
  var pool: PackedPool { get }

  /// The rows cut into those that are evaluated together, and how many each piece is padded to.
  static func blocks(of rows: Int) -> [(rows: Range<Int>, capacity: Int)]
  /// Memory for `rows` rows, with the layers bound to it.
  func evaluation(rows: Int) throws -> any PackedEvaluation
}

/// One thread's evaluations of a packed network, for a fixed number of rows.
public protocol PackedEvaluation: AnyObject {
  var rows: Int { get }
  /// [rows, size]: where the network is evaluated.
  var sample: UnsafeMutablePointer<Float> { get }
  /// [rows, observationSize].
  var observation: UnsafeMutablePointer<Float> { get }
  /// [rows, size]: what `evaluate` found.
  var value: UnsafeMutablePointer<Float> { get }

  /// Takes in the observation: once for every number of evaluations.
  func observe() throws
  /// value = network(sample, observation, time).
  func evaluate(time: Int) throws
}

/// Evaluations that wait for their next block, by their rows: no more than have run at once.
public final class PackedPool: Sendable {
  /// Belongs to nobody until it is borrowed.
  private struct Free: @unchecked Sendable { let evaluation: any PackedEvaluation }
  private let waiting = Mutex<[Int: [Free]]>([:])

  init() {}

  fileprivate func borrow(_ rows: Int) -> (any PackedEvaluation)? { waiting.withLock { $0[rows]?.popLast() }?.evaluation }
  fileprivate func give(back evaluation: any PackedEvaluation) {
    let (rows, free) = (evaluation.rows, Free(evaluation: evaluation))
    waiting.withLock { $0[rows, default: []].append(free) }
  }
}

extension PackedNetwork {
  /// The network's value at x [n, size] and observation [n, observationSize], at one time: [n, size].
  public func callAsFunction(_ x: Tensor, observation: Tensor, time: Int) throws -> Tensor {
    guard time >= 0, time < times else { throw UsageError("wanted a time in 0..<\(times), got \(time)") }
    let size = size
    return try overBlocks(x, observation) { block in
      try block.evaluate(time: time)
      block.sample.update(from: block.value, count: block.rows * size)
    }
  }

  /// Runs `body` on blocks of rows, each with its own memory; what it leaves in `sample` is the result, [n, size].
  ///
  /// Blocks start at the same rows whatever the number of threads, so a result does not depend on it; each thread takes the next that is left.
  func overBlocks(_ x: Tensor, _ observation: Tensor, _ body: @Sendable (any PackedEvaluation) throws -> Void) throws -> Tensor {
    guard x.rank == 2, x.shape[1] == size else { throw UsageError("this network wants x of shape [n, \(size)], got \(x.shape)") }
    let rows = x.shape[0]
    guard observation.shape == [rows, observationSize] else {
      throw UsageError("wanted an observation of shape [\(rows), \(observationSize)], got \(observation.shape)")
    }
    let span = Profile.Span("packedChain"); defer { span.end() }
    let blocks = Self.blocks(of: rows)
    return try Tensor.filled([rows, size]) { result in
      try x.withPointer { x in
        try observation.withPointer { observation in
          nonisolated(unsafe) let (x, observation, result) = (x, observation, result)
          let taken = Atomic<Int>(0)
          try Threads.parallel(rows: Swift.min(Threads.count, blocks.count)) { _ in
            while true {
              let index = taken.add(1, ordering: .relaxed).oldValue
              guard index < blocks.count else { return }
              try Interrupt.check()
              let block = blocks[index]
              let memory = try pool.borrow(block.capacity) ?? evaluation(rows: block.capacity)
              defer { pool.give(back: memory) }
              let (start, count) = (block.rows.lowerBound, block.rows.count)
              memory.sample.update(from: x + start * size, count: count * size)
              memory.observation.update(from: observation + start * observationSize, count: count * observationSize)
              try memory.observe()
              try body(memory)
              (result + start * size).update(from: memory.sample, count: count * size)
            }
          }
        }
      }
    }
  }
}

/// `rows` cut into as many of the largest size as there are, then of the next; the last few are padded to the smallest of `rest` that holds them.
func cutRows(_ rows: Int, into sizes: [Int], rest: [Int]) -> [(rows: Range<Int>, capacity: Int)] {
  var result: [(rows: Range<Int>, capacity: Int)] = []
  var start = 0
  while start < rows {
    let left = rows - start
    guard let capacity = sizes.first(where: { $0 <= left }) ?? rest.first(where: { $0 >= left }) else {
      preconditionFailure("no block holds \(left) rows")
    }
    result.append((start..<start + Swift.min(left, capacity), capacity))
    start += capacity
  }
  return result
}

/// The cut for networks of many rows a sample: multiples of the six rows that the products take at a time, and two pieces or more where there are
/// that many, so that threads share them.
func cutSamples(_ samples: Int, most: Int) -> [(rows: Range<Int>, capacity: Int)] {
  let sizes = [48, 24, 12, 6].filter { $0 <= most && ($0 == 6 || 2 * $0 <= samples) }
  return cutRows(samples, into: sizes, rest: [1, 2, 4, 6])
}

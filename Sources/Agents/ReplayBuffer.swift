import Tensors

/// What an agent remembers: the latest `capacity` transitions, drawn from uniformly and with replacement.
///
/// Memory is taken in blocks as it fills. A transition is one row, observation | action | next observation | reward | alive | discount,
/// so that drawing it touches one place.
public final class ReplayBuffer {
  public let capacity: Int
  public let observationSize: Int
  public let actionSize: Int
  /// Transitions held.
  public private(set) var count = 0
  /// Where the next transition goes.
  private var position = 0
  var stream: RandomStream
  /// [rows, width] each, all but the last of `blockRows`.
  private var blocks: [Tensor] = []

  /// Also the rows of one file of a checkpoint: those that have not changed since the last one are not written again.
  static let blockRows = 16384
  private var width: Int { 2 * observationSize + actionSize + 3 }

  /// Throws for sizes that are not positive.
  public init(capacity: Int, observationSize: Int, actionSize: Int, seed: Int, purpose: String = "replay") throws {
    guard capacity > 0, observationSize > 0, actionSize > 0 else {
      throw UsageError("a replay buffer wants positive sizes, got buffer_size \(capacity), observation \(observationSize), action \(actionSize)")
    }
    (self.capacity, self.observationSize, self.actionSize) = (capacity, observationSize, actionSize)
    stream = RandomStream(seed: seed, purpose: purpose)
  }

  /// Appends n transitions in order, over the oldest ones once the buffer is full.
  /// `observation` and `nextObservation` [n, observation], `action` [n, action]; `alive` is 1 - terminated (a truncation does not cut).
  public func add(observation: Tensor, action: Tensor, nextObservation: Tensor, reward: [Float], alive: [Float], discount: [Float]) throws {
    let n = reward.count
    guard observation.shape == [n, observationSize], nextObservation.shape == observation.shape, action.shape == [n, actionSize],
      alive.count == n, discount.count == n
    else {
      throw UsageError(
        "the replay buffer wants observations [\(n), \(observationSize)] and actions [\(n), \(actionSize)], got \(observation.shape), \(nextObservation.shape) and \(action.shape)"
      )
    }
    for i in 0..<n {
      try append { row in
        copy(observation, i, to: row)
        copy(action, i, to: row + observationSize)
        copy(nextObservation, i, to: row + observationSize + actionSize)
        (row[width - 3], row[width - 2], row[width - 1]) = (reward[i], alive[i], discount[i])
      }
    }
  }

  /// Row `index` of a table.
  private func copy(_ table: Tensor, _ index: Int, to target: UnsafeMutablePointer<Float>) {
    let length = table.shape[1]
    table.withPointer { target.update(from: $0 + index * length, count: length) }
  }

  private func append(_ write: (UnsafeMutablePointer<Float>) -> Void) throws {
    let (block, slot) = position.quotientAndRemainder(dividingBy: ReplayBuffer.blockRows)
    if block == blocks.count { blocks.append(try freshBlock(block)) }
    blocks[block].withMutablePointer { write($0 + slot * width) }
    position = (position + 1) % capacity
    count = min(count + 1, capacity)
  }

  private func freshBlock(_ index: Int) throws -> Tensor {
    let shape = [min(ReplayBuffer.blockRows, capacity - index * ReplayBuffer.blockRows), width]
    try Tensor.check(shape)
    return Tensor.zeros(shape)
  }

  /// `n` transitions, each drawn from all that are held.
  public func sample(_ n: Int) throws -> Batch {
    guard count > 0 else { throw UsageError("the replay buffer is empty") }
    var indices: [Int] = []
    indices.reserveCapacity(n)
    for _ in 0..<n { indices.append(stream.integer(below: count)) }
    return gather(indices)
  }

  /// The transitions at `indices`, which lie in 0..<count.
  func gather(_ indices: [Int]) -> Batch {
    let n = indices.count
    return Batch(
      observation: column(indices, [n, observationSize], from: 0),
      action: column(indices, [n, actionSize], from: observationSize),
      nextObservation: column(indices, [n, observationSize], from: observationSize + actionSize),
      reward: column(indices, [n], from: width - 3), alive: column(indices, [n], from: width - 2),
      discount: column(indices, [n], from: width - 1))
  }

  private func column(_ indices: [Int], _ shape: [Int], from start: Int) -> Tensor {
    let length = shape.count == 1 ? 1 : shape[1]
    let width = width
    return Tensor.filled(shape) { target in
      for (k, index) in indices.enumerated() {
        let (block, slot) = index.quotientAndRemainder(dividingBy: ReplayBuffer.blockRows)
        blocks[block].withPointer { rows in (target + k * length).update(from: rows + slot * width + start, count: length) }
      }
    }
  }
}

/// Transitions side by side.
public struct Batch {
  /// [n, observation]
  public let observation: Tensor
  /// [n, action]
  public let action: Tensor
  /// [n, observation]
  public let nextObservation: Tensor
  /// [n]
  public let reward: Tensor
  /// [n]; 1 - terminated.
  public let alive: Tensor
  /// [n]; what the value of the next observation is multiplied by.
  public let discount: Tensor
}

// MARK: Saving

extension ReplayBuffer {
  /// What the tensors do not say.
  public struct Record: Codable, Equatable, Sendable {
    public let capacity: Int
    public let position: Int
    public let stream: RandomStream
  }

  public var record: Record { Record(capacity: capacity, position: position, stream: stream) }

  /// The transitions held, a tensor [rows, numbers] for each block, named by its number; full blocks share the buffer's memory.
  public var tensors: [String: Tensor] {
    let parts = blocks.enumerated().map { index, block in
      let rows = min(block.shape[0], count - index * ReplayBuffer.blockRows)
      guard rows < block.shape[0] else { return (String(index), block) }
      let held = Tensor.filled([rows, width]) { target in block.withPointer { target.update(from: $0, count: rows * width) } }
      return (String(index), held)
    }
    return Dictionary(uniqueKeysWithValues: parts)
  }

  /// Takes back what `tensors` and `record` gave; throws, changing nothing, where they do not fit.
  public func load(_ tensors: [String: Tensor], _ record: Record) throws {
    guard record.capacity == capacity else {
      throw UsageError("the saved replay buffer has buffer_size \(record.capacity), wanted \(capacity)")
    }
    var (fresh, n): ([Tensor], Int) = ([], 0)
    for index in 0..<tensors.count {
      let block = try freshBlock(index)
      guard let rows = tensors[String(index)], rows.rank == 2, rows.shape[0] == block.shape[0] || index == tensors.count - 1,
        1...block.shape[0] ~= rows.shape[0]
      else { throw UsageError("the saved replay buffer is not whole; got \(tensors.map { "\($0) of shape \($1.shape)" }.sorted())") }
      guard rows.shape[1] == width else {
        throw UsageError("the saved transitions have \(rows.shape[1]) numbers, wanted \(width), of observation \(observationSize) and action \(actionSize)")
      }
      block.withMutablePointer { target in rows.withPointer { target.update(from: $0, count: rows.count) } }
      fresh.append(block)
      n += rows.shape[0]
    }
    guard n < capacity ? record.position == n : 0..<capacity ~= record.position else {
      throw UsageError("the saved replay buffer of \(n) transitions goes on at \(record.position), wanted \(n < capacity ? "\(n)" : "less than \(capacity)")")
    }
    (blocks, count, position, stream) = (fresh, n, record.position, record.stream)
  }
}

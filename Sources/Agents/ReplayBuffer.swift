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
  private var blocks: [[Float]] = []

  private static let blockRows = 4096
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
    let (before, actions, after) = (observation.values, action.values, nextObservation.values)
    for i in 0..<n {
      var row = Array(before[i * observationSize..<(i + 1) * observationSize])
      row += actions[i * actionSize..<(i + 1) * actionSize]
      row += after[i * observationSize..<(i + 1) * observationSize]
      row += [reward[i], alive[i], discount[i]]
      append(row)
    }
  }

  private func append(_ row: [Float]) {
    let (block, slot) = position.quotientAndRemainder(dividingBy: ReplayBuffer.blockRows)
    if block == blocks.count {
      blocks.append(Array(repeating: 0, count: min(ReplayBuffer.blockRows, capacity - position) * width))
    }
    blocks[block].replaceSubrange(slot * width..<(slot + 1) * width, with: row)
    position = (position + 1) % capacity
    count = min(count + 1, capacity)
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
        blocks[block].withUnsafeBufferPointer { rows in
          let offset = slot * width + start
          for j in 0..<length { target[k * length + j] = rows[offset + j] }
        }
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

  /// The transitions held, by slot; copies.
  public var tensors: [String: Tensor] {
    let held = gather(Array(0..<count))
    return [
      "observation": held.observation, "action": held.action, "next_observation": held.nextObservation, "reward": held.reward,
      "alive": held.alive, "discount": held.discount,
    ]
  }

  /// Takes back what `tensors` and `record` gave; throws, changing nothing, where they do not fit.
  public func load(_ tensors: [String: Tensor], _ record: Record) throws {
    guard record.capacity == capacity else {
      throw UsageError("the saved replay buffer has buffer_size \(record.capacity), wanted \(capacity)")
    }
    let n = tensors["reward"]?.count ?? 0
    guard let observation = tensors["observation"], let action = tensors["action"], let next = tensors["next_observation"],
      let reward = tensors["reward"], let alive = tensors["alive"], let discount = tensors["discount"], n <= capacity,
      record.position == n % capacity || (n == capacity && record.position < capacity)
    else { throw UsageError("the saved replay buffer is not whole; got \(tensors.keys.sorted()) of \(n) transitions") }
    let fresh = try ReplayBuffer(capacity: capacity, observationSize: observationSize, actionSize: actionSize, seed: 0)
    try fresh.add(
      observation: observation, action: action, nextObservation: next, reward: reward.values, alive: alive.values, discount: discount.values)
    (blocks, count, position, stream) = (fresh.blocks, n, record.position, record.stream)
  }
}

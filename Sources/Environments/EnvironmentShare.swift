import Files
import Tensors

/// Which of a vector's environments this process steps, where several processes share them, and how they tell each other what came of it.
///
/// Environments that step together (a batch) are stepped by all, whole.
public struct EnvironmentShare {
  let rank: Int
  let size: Int
  /// What every process gives, in their order; nil: nobody is told, and the others' rows stay as they were.
  let exchange: (([UInt8]) throws -> [[UInt8]])?

  public init(rank: Int, size: Int, exchange: (([UInt8]) throws -> [[UInt8]])? = nil) { (self.rank, self.size, self.exchange) = (rank, size, exchange) }

  /// This process's places of `count`: as many as the others', or one more or less.
  public func part(of count: Int) -> Range<Int> { rank * count / size..<(rank + 1) * count / size }

  /// Does `body`, and gives what it and the others' gave. Where it throws in one process, all throw.
  func exchanged(_ body: () throws -> [UInt8]) throws -> [[UInt8]] {
    guard let exchange else { return [try body()] }
    var (message, failure): ([UInt8], (any Error)?) = ([], nil)
    do { message = [0] + (try body()) } catch { (message, failure) = ([1] + Array("\(error)".utf8), error) }
    let all = try exchange(message)
    if let failure { throw failure }
    if let other = all.firstIndex(where: { $0.first != 0 }) {
      throw UsageError("rank \(other): \(String(decoding: all[other].dropFirst(), as: UTF8.self))")
    }
    return all.map { Array($0.dropFirst()) }
  }
}

extension VectorEnvironment {
  /// Steps this process's part; then every slot knows what its last chunk brought.
  func step(_ values: [Float], _ share: EnvironmentShare?, recording: Bool) throws {
    let own = share?.part(of: count) ?? slots.indices
    func run() throws {
      try forEachSlot(own) { [chunk, actionSpace] slot in try slot.run(values, chunk: chunk, actionSpace: actionSpace, recording: recording) }
    }
    guard let share, share.exchange != nil else { return try run() }
    let all = try share.exchanged {
      try run()
      return slots[own].flatMap(\.message).withUnsafeBytes { Array($0) }
    }
    let width = EnvironmentSlot.messageSize(observation: observationSpace.count)
    for message in all {
      let numbers = [Double](unsafeUninitializedCapacity: message.count / 8) { buffer, count in
        count = message.count / 8
        UnsafeMutableRawBufferPointer(buffer).copyBytes(from: message.prefix(8 * count))
      }
      for start in stride(from: 0, to: numbers.count, by: width) {
        let place = Int(numbers[start])
        if !own.contains(place) { slots[place].take(numbers[start + 1..<start + width]) }
      }
    }
  }

  private struct SlotOfShare: Codable {
    var place: Int
    var state: EnvironmentSlot.State
  }

  /// Makes every process's environments those of the process that stepped them.
  public func gather(_ share: EnvironmentShare) throws {
    guard group.rows == nil else { return }
    let own = share.part(of: count)
    let all = try share.exchanged { Array(try JSON.encode(try own.map { SlotOfShare(place: $0, state: try slots[$0].state) }).utf8) }
    for message in all {
      for slot in try JSON.decode([SlotOfShare].self, from: message, source: "another rank's environments") where !own.contains(slot.place) {
        try slots[slot.place].restore(slot.state)
      }
    }
  }
}

extension EnvironmentSlot {
  static func messageSize(observation: Int) -> Int { 2 * observation + 9 }

  /// What its last chunk brought, its place first.
  var message: [Double] {
    func number(_ flag: Bool) -> Double { flag ? 1 : 0 }
    let episode = outcome.episode
    let success = episode?.success.map(number) ?? -1
    return [Double(index)] + observation + outcome.finalObservation + [
      outcome.reward, number(outcome.terminated), number(outcome.truncated), Double(outcome.stepsTaken), number(episode != nil), episode?.return ?? 0,
      Double(episode?.length ?? 0), success,
    ]
  }

  /// What another process's said, without the place.
  func take(_ message: ArraySlice<Double>) {
    let width = observation.count
    observation = Array(message.prefix(width))
    let rest = Array(message.dropFirst(2 * width))
    var taken = Outcome()
    taken.finalObservation = Array(message.dropFirst(width).prefix(width))
    (taken.reward, taken.terminated, taken.truncated, taken.stepsTaken) = (rest[0], rest[1] > 0, rest[2] > 0, Int(rest[3]))
    if rest[4] > 0 { taken.episode = EpisodeRecord(environment: index, return: rest[5], length: Int(rest[6]), success: rest[7] < 0 ? nil : rest[7] > 0) }
    outcome = taken
  }
}

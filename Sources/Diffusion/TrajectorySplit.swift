import Glibc
import Tensors

/// Chunks to learn from and chunks to judge by; no episode has some of both.
struct TrajectorySplit: Equatable {
  /// Starts, in the order of the data.
  let training: [Int]
  let heldOut: [Int]

  /// Holds out the share of the episodes, at least one, which the seed draws among those that have a chunk. Throws where none would be left.
  init(_ chunks: ActionChunks, share: Double, seed: Int) throws {
    guard share > 0 else {
      (training, heldOut) = (chunks.starts, [])
      return
    }
    var startsOf: [[Int]] = []
    var episode = -1
    for start in chunks.starts.sorted() {
      var next = max(episode, 0)
      while next < chunks.episodes.count, chunks.episodes[next].upperBound <= start { next += 1 }
      if next != episode { startsOf.append([]) }
      startsOf[startsOf.count - 1].append(start)
      episode = next
    }
    guard startsOf.count >= 2 else {
      throw UsageError("validation holds out whole episodes, so it wants two or more that have a chunk, got \(startsOf.count)")
    }
    let wanted = min(max(1, Int((share * Double(startsOf.count)).rounded())), startsOf.count - 1)
    var stream = RandomStream(seed: seed, purpose: "validation split")
    let drawn = Set(Array(startsOf.indices).shuffled(using: &stream).prefix(wanted))
    training = startsOf.indices.filter { !drawn.contains($0) }.flatMap { startsOf[$0] }
    heldOut = startsOf.indices.filter { drawn.contains($0) }.flatMap { startsOf[$0] }
  }
}

import Diffusion
import Tensors
import Testing

/// Which rows of the data a window holds, at the borders of episodes of rows 0-3 and 4-8.
struct ActionChunksTests {
  private func chunks(_ starts: [Int], horizon: Int, steps: Int = 1, offset: Int = 0, padAfter: Int = 0, episodes: [Range<Int>]? = [0..<4, 4..<9]) throws -> ActionChunks {
    try ActionChunks(
      observations: .zeros([9, 2]), actions: .zeros([9, 1]), starts: starts, horizon: horizon, observationSteps: steps, actionOffset: offset,
      padAfter: padAfter, episodes: episodes)
  }

  @Test func observationsBeforeAnEpisodeAreItsFirst() throws {
    let chunks = try chunks([0, 1, 3, 4, 5, 6], horizon: 1, steps: 3)
    #expect(chunks.observationRows([0]) == [0, 0, 0])
    #expect(chunks.observationRows([1, 3]) == [0, 0, 1, 1, 2, 3])
    #expect(chunks.observationRows([4, 5, 6]) == [4, 4, 4, 4, 4, 5, 4, 5, 6])
  }

  @Test func actionsBeginNowOrAtTheFirstObservation() throws {
    #expect(try chunks([0, 4, 6], horizon: 3, steps: 2).actionRows([0, 4, 6]) == [0, 1, 2, 4, 5, 6, 6, 7, 8])
    let earlier = try chunks([0, 2, 4, 7], horizon: 3, steps: 2, offset: 1)
    #expect(earlier.actionRows([0, 2]) == [0, 0, 1, 1, 2, 3])
    #expect(earlier.actionRows([4, 7]) == [4, 4, 5, 6, 7, 8])
  }

  @Test func actionsAfterAnEpisodeAreItsLast() throws {
    let padded = try chunks([2, 3, 8], horizon: 4, padAfter: 3)
    #expect(padded.actionRows([2, 3, 8]) == [2, 3, 3, 3, 3, 3, 3, 3, 8, 8, 8, 8])
  }

  @Test func mistakesAreRefused() throws {
    #expect(throws: UsageError("a chunk of 3 reaches past its episode's end")) { try chunks([2], horizon: 3) }
    #expect(throws: UsageError("a chunk of 3 reaches past its episode's end")) { try chunks([8], horizon: 3, padAfter: 1) }
    #expect(throws: Never.self) { try chunks([2], horizon: 3, episodes: nil) }
    #expect(throws: UsageError.self) { try chunks([9], horizon: 1) }
    #expect(throws: UsageError.self) { try chunks([0], horizon: 2, offset: 2) }
    for episodes in [[0..<4, 5..<9], [0..<4, 4..<4, 4..<9], [0..<8], [1..<9], []] {
      #expect(throws: UsageError.self) { try chunks([1], horizon: 1, episodes: episodes) }
    }
  }
}

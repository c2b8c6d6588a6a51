import Tensors

/// Behaviour data as a diffusion policy sees it: from each start, `horizon` consecutive actions.
public struct ActionChunks: Sendable {
  /// [N, observation] and [N, action], in the environment's units, episode after episode.
  public let observations: Tensor
  public let actions: Tensor
  /// Rows from which a whole chunk fits inside its episode.
  public let starts: [Int]
  /// Rows that follow each other, in order; all rows are in one.
  public let episodes: [Range<Int>]
  /// Actions of a chunk.
  public let horizon: Int

  /// `episodes` nil: the data are one. Throws unless the rows agree and every chunk of `horizon` fits.
  public init(observations: Tensor, actions: Tensor, starts: [Int], horizon: Int, episodes: [Range<Int>]? = nil) throws {
    guard observations.rank == 2, actions.rank == 2, observations.shape[0] == actions.shape[0] else {
      throw UsageError("training data wants observations [N, o] and actions [N, a], got shapes \(observations.shape) and \(actions.shape)")
    }
    guard !starts.isEmpty else { throw UsageError("the data has no episode of \(horizon) steps, so no chunk to train on") }
    guard starts.allSatisfy({ $0 >= 0 && $0 + horizon <= actions.shape[0] }) else { throw UsageError("a chunk of \(horizon) reaches past the data's end") }
    (self.observations, self.actions, self.starts, self.horizon) = (observations, actions, starts, horizon)
    self.episodes = episodes ?? [0..<actions.shape[0]]
  }

  /// The rows of the observations of the chunks at `starts`.
  func observationRows(_ starts: [Int]) -> [Int] { starts }
  /// The rows of their actions, chunk after chunk.
  func actionRows(_ starts: [Int]) -> [Int] { starts.flatMap { $0..<$0 + horizon } }
}

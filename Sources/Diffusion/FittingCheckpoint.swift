import Files
import NeuralNets
import Tensors

extension DenoiserFitting {
  private static let kind = "denoiser_fitting"

  /// All that is not an array; `notes` are the caller's.
  private struct Saved: Codable {
    var identity: FittingIdentity
    var progress: Progress
    var notes: String
  }

  /// Writes what it takes to go on to `folder`, whole or not at all; of a finished training only what it left.
  public func save(to folder: String, notes: String = "") throws {
    let learning = isFinished ? [] : weights.prefixed("trained") + optimizer.state.prefixed("optimizer")
    let tensors = learning + best.prefixed("best") + average.state.prefixed("average")
    try Checkpoint.write(tensors, kind: Self.kind, config: Saved(identity: identity, progress: progress, notes: notes), to: folder)
  }

  /// Goes on from what `save` left, and returns its notes. Throws, saying what differs, for a training of other data, options or networks.
  @discardableResult
  public func resume(from folder: String) throws -> String {
    let (tensors, saved) = try Checkpoint.read(folder, kind: Self.kind, config: Saved.self)
    let differences = try saved.identity.differences(from: identity)
    guard differences.isEmpty else { throw UsageError("the training in '\(folder)' is another one: \(differences.joined(separator: "; "))") }
    guard saved.progress.steps <= epochs * stepsAnEpoch, saved.progress.steps >= 0 else {
      throw UsageError("the training in '\(folder)' wants 0 to \(epochs * stepsAnEpoch) steps, got \(saved.progress.steps)")
    }
    try restore(
      saved.progress, trained: tensors.part("trained"), best: tensors.part("best"), optimizer: tensors.part("optimizer"), average: tensors.part("average"))
    return saved.notes
  }
}

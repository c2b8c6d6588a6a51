import Files
import NeuralNets
import Tensors

extension DiffusionPolicy {
  static let checkpointKind = "diffusion_policy"

  /// All that is not an array.
  private struct Saved: Codable {
    var policy: Config
    var sampler: Sampler
    var precision: Precision
    /// Of the normalisation that the network was trained under.
    var normalizationSHA256: String
  }

  private static let normalizationNames = ["observation.min", "observation.max", "action.min", "action.max"].map { "normalization." + $0 }

  /// Writes network, normalisation and sampler to `folder`, whole or not at all; throws for a policy that was never fitted.
  public func save(to folder: String) throws {
    guard let normalization, let hash = normalizationHash else { throw UsageError("this policy has no normalisation yet, so it is not saved: fit it to data first") }
    let ranges = [normalization.observation.minimum, normalization.observation.maximum, normalization.action.minimum, normalization.action.maximum]
    let tensors = network.namedParameters.prefixed("network") + zip(Self.normalizationNames, ranges).map { (name: $0, tensor: $1) }
    try Checkpoint.write(tensors, kind: Self.checkpointKind, config: Saved(policy: config, sampler: sampler, precision: precision, normalizationSHA256: hash), to: folder)
  }

  /// Reads what `save` left; a folder without its normalisation is refused. `own` makes the network that takes the
  /// weights where it is its user's own.
  public static func load(from folder: String, own: ((DenoiserSizes) throws -> any Denoiser)? = nil) throws -> DiffusionPolicy {
    let (tensors, saved) = try Checkpoint.read(folder, kind: checkpointKind, config: Saved.self, requiring: normalizationNames)
    var stream = RandomStream(seed: 0, purpose: "init")
    var made: (any Denoiser)?
    if let own {
      guard case .own(let sizes) = saved.policy.network else {
        throw UsageError("the policy in '\(folder)' has a network of kind \(saved.policy.network.kind.rawValue), which is made from the file; a module was given")
      }
      made = try own(sizes)
    }
    let policy = try DiffusionPolicy(saved.policy, sampler: saved.sampler, own: made, using: &stream)
    try policy.network.load(stateDict: tensors.part("network"))
    let ranges = normalizationNames.compactMap { tensors[$0] }
    try policy.setNormalization(
      observation: Normalizer(minimum: ranges[0], maximum: ranges[1]), action: Normalizer(minimum: ranges[2], maximum: ranges[3]))
    let hash = policy.normalizationHash ?? "none"
    guard hash == saved.normalizationSHA256 else {
      throw UsageError("the normalisation in '\(folder)' is not the one that its network was trained under: its SHA-256 is \(hash), wanted \(saved.normalizationSHA256)")
    }
    try policy.setPrecision(saved.precision)
    return policy
  }
}

import Files
import FoundationEssentials
import NeuralNets
import Testing
import Tensors

@testable import Diffusion

struct FittingTests {
  @Test(arguments: [0.05, 0.2, 0.5, 0.95], [1, 2, 3]) func episodesAreHeldOutWhole(_ share: Double, _ seed: Int) throws {
    let lengths = [12, 1, 20, 9, 1, 1, 15, 2, 10, 14, 3]
    let data = try Fitting.chunks(lengths)
    let split = try TrajectorySplit(data, share: share, seed: seed)
    func episodes(_ starts: [Int]) -> Set<Int> { Set(starts.compactMap { start in data.episodes.firstIndex { $0.contains(start) } }) }
    let (training, heldOut) = (episodes(split.training), episodes(split.heldOut))
    #expect(training.isDisjoint(with: heldOut))
    #expect(training.union(heldOut).count == 8)  // those of length 1 have no chunk
    #expect(heldOut.count == min(max(1, Int((share * 8).rounded())), 7))
    #expect((split.training + split.heldOut).sorted() == data.starts)
    #expect(try TrajectorySplit(data, share: share, seed: seed) == split)
  }

  @Test func theSeedDrawsTheEpisodes() throws {
    let data = try Fitting.chunks([Int](repeating: 4, count: 40))
    let splits = try (0..<10).map { try TrajectorySplit(data, share: 0.25, seed: $0).heldOut }
    #expect(Set(splits).count == 10)
    #expect(try TrajectorySplit(data, share: 0, seed: 1).training == data.starts)
    #expect(throws: UsageError("validation holds out whole episodes, so it wants two or more that have a chunk, got 1")) {
      try TrajectorySplit(Fitting.chunks([20]), share: 0.1, seed: 1)
    }
  }

  /// The same weights are judged the same in every epoch.
  @Test(arguments: [Process.ddpm(DDPM()), .edm(EDM()), .flow(Flow())]) func validationIsComparable(_ process: Process) throws {
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize, options.validation, options.learningRate, options.finalLearningRate, options.emaDecay) = (4, 8, 0.4, 0, 0, 0)
    var losses: [Float] = [], trained: [Float] = []
    try Fitting.policy(process: process).fit(Fitting.chunks(), options) {
      losses.append($0.validationLoss ?? .nan)
      trained.append($0.loss)
    }
    #expect(Set(losses).count == 1)
    #expect(losses[0].isFinite && losses[0] > 0)
    #expect(Set(trained).count == 4)
  }

  private static var overfitting: DiffusionPolicy.Training {
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize, options.learningRate, options.learningRateSchedule, options.emaDecay) = (600, 8, 3e-3, .constant, 0.8)
    (options.validation, options.warmupEpochs) = (0.5, 0)
    return options
  }

  /// Few chunks, all noise, and a network that can learn them by heart.
  @Test func theBestEpochIsLeft() throws {
    let data = try Fitting.chunks([9, 9], noise: 3), options = Self.overfitting
    var epochs: [DiffusionPolicy.Epoch] = []
    let policy = try Fitting.policy(hidden: [64, 64, 64])
    try policy.fit(data, options) { epochs.append($0) }
    let best = try #require(epochs.min { $0.validationLoss ?? .infinity < $1.validationLoss ?? .infinity })
    #expect(epochs.count == 600 && best.number < 500)
    #expect((epochs[599].validationLoss ?? 0) > 1.1 * (best.validationLoss ?? 0))
    #expect(epochs[599].loss < epochs[0].loss)
    #expect(epochs[599].bestEpoch == best.number)

    // A training that ends there leaves the same weights; the whole one that keeps the last leaves others.
    var options2 = options
    options2.keep = .last
    let short = try Fitting.policy(hidden: [64, 64, 64])
    try short.fitting(data, options2).run { $0.number < best.number }
    #expect(Fitting.weights(short) == Fitting.weights(policy))
    try short.fit(data, options2)
    #expect(Fitting.weights(short) != Fitting.weights(policy))
  }

  @Test func patienceEndsTraining() throws {
    let data = try Fitting.chunks([9, 9], noise: 3)
    var options = Self.overfitting
    (options.patience, options.epochs) = (5, 1000)
    var last: DiffusionPolicy.Epoch?
    let policy = try Fitting.policy(hidden: [64, 64, 64])
    try policy.fit(data, options) { last = $0 }
    let end = try #require(last)
    #expect(end.isLast && end.number < 1000 && end.number == (end.bestEpoch ?? 0) + 5)
    #expect(policy.unfinished == nil)
  }

  @Test func recipesAreThePublishedNumbers() {
    let dppo = DiffusionPolicy.Training(.dppo)
    #expect((dppo.epochs, dppo.batchSize) == (200, 128))
    #expect((dppo.learningRate, dppo.finalLearningRate, dppo.weightDecay, dppo.emaDecay) == (1e-3, 1e-4, 1e-6, 0.995))
    #expect(dppo.learningRateSchedule == .cosineRestarts && dppo.emaPower == nil)
    #expect((dppo.warmupEpochs, dppo.emaWarmupEpochs, dppo.emaEvery) == (1, 19, 10))
    let chi = DiffusionPolicy.Training(.diffusionPolicy)
    #expect((chi.epochs, chi.batchSize, chi.warmupSteps) == (5000, 256, 500))
    #expect((chi.learningRate, chi.finalLearningRate, chi.weightDecay) == (1e-4, 0, 1e-6))
    #expect(chi.betas == [0.95, 0.999] && chi.learningRateSchedule == .cosine)
    #expect((chi.emaDecay, chi.emaPower, chi.emaInvGamma, chi.emaMinDecay, chi.emaWarmupEpochs) == (0.9999, 0.75, 1, 0, 0))
  }

  @Test func optionsAreChecked() throws {
    func complaint(_ data: ActionChunks? = nil, process: Process = .ddpm(DDPM()), _ change: (inout DiffusionPolicy.Training) -> Void) throws -> String {
      var options = DiffusionPolicy.Training()
      change(&options)
      do {
        _ = try Fitting.policy(process: process).fitting(data ?? Fitting.chunks(), options)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(try complaint { $0.batchSize = 100 } == "batch_size 100 is more than the 74 chunks that there are to train on")
    #expect(try complaint { $0.keep = .best }.hasPrefix("keep = 'best' wants validation > 0"))
    #expect(try complaint { $0.patience = 3 }.hasPrefix("patience wants validation > 0"))
    #expect(try complaint { $0.validation = 1 } == "validation is a share of the episodes from 0 to below 1, got 1.0")
    #expect(try complaint { $0.betas = [0.9] } == "betas wants two numbers, got 1")
    #expect(try complaint { $0.epochs = 0 } == "fit wants epochs from 1 to 1000000000, got 0")
    #expect(try complaint { $0.warmupSteps = -1 } == "fit wants warmup_steps >= 0, got -1")
    #expect(try complaint { $0.maxGradNorm = 0 } == "max_grad_norm wants to be positive, got 0.0")
    #expect(try complaint { $0.emaEvery = 0 }.contains("every >= 1"))
    #expect(try complaint { _ in } == "none")

    var flow = Flow()
    flow.coupling = .ot
    #expect(try complaint(process: .flow(flow)) { _ in }.hasPrefix("coupling 'ot' exchanges noises between the chunks of a batch"))
    #expect(try complaint(Fitting.chunks(constant: true), process: .flow(flow)) { _ in } == "none")
    flow.coupling = .otAcrossObservations
    #expect(try complaint(process: .flow(flow)) { _ in } == "none")
    #expect(try complaint(Fitting.chunks([400]), process: .flow(flow)) { $0.batchSize = 300 }
      == "coupling 'ot_across_observations' pairs batches of at most 256 exactly, got batch_size 300")
  }

  /// Data without observations: coupling straightens the paths, so that one step of Euler comes close to many.
  @Test func couplingStraightensPaths() throws {
    func bend(_ coupling: Flow.Coupling) throws -> Float {
      var flow = Flow()
      flow.coupling = coupling
      let policy = try Fitting.policy(hidden: [64, 64, 64], process: .flow(flow))
      var options = DiffusionPolicy.Training()
      (options.epochs, options.batchSize, options.learningRate) = (60, 128, 2e-3)
      try policy.fit(Fitting.chunks([1000], noise: 1, constant: true), options)
      var stream = RandomStream(seed: 3)
      let noise = try Tensor.randn([500, 2], using: &stream), observation = Tensor.ones([500, 1])
      func sample(_ steps: Int) throws -> Tensor {
        var sampler = FlowSampler()
        (sampler.steps, sampler.finalClip) = (steps, nil)
        try policy.setSampler(.flow(sampler))
        return try policy.decode(normalized: policy.normalize(observation), noise: noise)
      }
      return try (sample(1) - sample(40)).squared().mean().item()
    }
    #expect(try bend(.ot) < 0.5 * bend(.independent))
  }

  @Test func normalisationIsHashed() throws {
    let policy = try Fitting.policy(), folder = Fitting.folder()
    #expect(policy.normalizationHash == nil)
    try policy.setNormalization(
      observation: Normalizer(minimum: Tensor([-1]), maximum: Tensor([1])), action: Normalizer(minimum: Tensor([-2]), maximum: Tensor([2])))
    // sha256 of -1, 1, -2, 2 as little-endian float32
    #expect(policy.normalizationHash == "319fa5e301171543cc12e45f41b606b6823ca5f765c14b4ccad5aecff3c50734")
    try policy.save(to: folder)
    #expect(try DiffusionPolicy.load(from: folder).normalizationHash == policy.normalizationHash)
    let path = folder + "/weights.safetensors"
    var tensors = try Safetensors.read(path).tensors
    tensors["normalization.action.max"] = Tensor([2.001])
    try Safetensors.write(tensors.map { ($0.key, $0.value) }, to: path)
    do {
      _ = try DiffusionPolicy.load(from: folder)
      Issue.record("a changed normalisation was read")
    } catch { #expect("\(error)".contains("is not the one that its network was trained under"), "\(error)") }
    try FileManager.default.removeItem(atPath: folder)
  }
}

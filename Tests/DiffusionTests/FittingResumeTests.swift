import FoundationEssentials
import NeuralNets
import Testing
import Tensors

@testable import Diffusion

/// Trainings that stop and go on to the same bytes.
struct FittingResumeTests {
  private struct Stop: Error {}

  private static let options: [DiffusionPolicy.Training] = {
    var plain = DiffusionPolicy.Training()
    (plain.epochs, plain.batchSize) = (6, 16)
    var judged = plain
    (judged.validation, judged.maxGradNorm, judged.emaPower, judged.emaWarmupEpochs, judged.seed) = (0.3, 0.5, 0.75, 0, 7)
    (judged.learningRateSchedule, judged.warmupSteps, judged.betas) = (.linear, 3, [0.95, 0.99])
    var restarts = judged
    (restarts.learningRateSchedule, restarts.keep, restarts.emaEvery, restarts.emaPower) = (.cosineRestarts, .last, 3, nil)
    return [plain, judged, restarts]
  }()

  /// Half the epochs, a file, another policy that takes it over, the other half; and everything after a stop within an epoch.
  @Test(arguments: options.indices, [0, 1, 7, 12, 13]) func twoHalvesAreTheWhole(_ index: Int, _ stop: Int) throws {
    let options = Self.options[index], data = try Fitting.chunks()
    var expected: [DiffusionPolicy.Epoch] = [], epochs: [DiffusionPolicy.Epoch] = []
    let whole = try Fitting.policy()
    try whole.fit(data, options) { expected.append($0) }

    let folder = Fitting.folder()
    let first = try Fitting.policy()
    let fitting = try first.fitting(data, options)
    #expect(throws: Stop.self) {
      try fitting.run(pause: { if fitting.steps == stop { throw Stop() } }) { epoch in
        epochs.append(epoch)
        return true
      }
    }
    #expect(fitting.steps == stop && !fitting.isFinished)
    try fitting.save(to: folder, notes: "mine")
    let acting = Fitting.weights(first)

    let second = try Fitting.policy(seed: 3)
    let other = try second.fitting(data, options)
    #expect(try other.resume(from: folder) == "mine")
    #expect(other.steps == stop)
    try other.rest()
    #expect(Fitting.weights(second) == acting)
    try other.run { epoch in
      epochs.append(epoch)
      return true
    }
    #expect(epochs == expected)
    #expect(other.isFinished && epochs.count == 6)
    #expect(Fitting.weights(second) == Fitting.weights(whole))
    #expect(second.normalizationHash == whole.normalizationHash)
    // In memory, by the same call again.
    try first.fit(data, options)
    #expect(Fitting.weights(first) == Fitting.weights(whole))
    try FileManager.default.removeItem(atPath: folder)
  }

  @Test func whatIsSavedBetweenStepsGoesOnToo() throws {
    let options = Self.options[1], data = try Fitting.chunks(), folder = Fitting.folder()
    let whole = try Fitting.policy()
    let fitting = try whole.fitting(data, options)
    try fitting.run(pause: { if fitting.steps == 8 { try fitting.save(to: folder) } }) { epoch in
      if epoch.number == 4 { try fitting.save(to: folder + "-later") }
      return true
    }
    for path in [folder, folder + "-later"] {
      let policy = try Fitting.policy(seed: 4)
      let other = try policy.fitting(data, options)
      try other.resume(from: path)
      try other.run()
      #expect(Fitting.weights(policy) == Fitting.weights(whole))
      try FileManager.default.removeItem(atPath: path)
    }
  }

  @Test func aFinishedTrainingIsNotRepeated() throws {
    let options = Self.options[0], data = try Fitting.chunks(), folder = Fitting.folder()
    let first = try Fitting.policy(), second = try Fitting.policy(seed: 9)
    let fitting = try first.fitting(data, options)
    try fitting.run()
    try fitting.save(to: folder)
    let other = try second.fitting(data, options)
    try other.resume(from: folder)
    try other.run { _ in
      Issue.record("an epoch more")
      return true
    }
    #expect(Fitting.weights(first) == Fitting.weights(second))
    // A fit that follows begins anew, from the weights that are there.
    let before = Fitting.weights(first)
    try first.fit(data, options)
    #expect(Fitting.weights(first) != before)
    try FileManager.default.removeItem(atPath: folder)
  }

  @Test func anotherTrainingIsRefusedByName() throws {
    let options = Self.options[0], data = try Fitting.chunks(), folder = Fitting.folder()
    let fitting = try Fitting.policy().fitting(data, options)
    try fitting.save(to: folder)
    func complaint(_ policy: DiffusionPolicy, _ data: ActionChunks, _ options: DiffusionPolicy.Training) -> String {
      do {
        try policy.fitting(data, options).resume(from: folder)
        return "none"
      } catch { return "\(error)" }
    }
    var longer = options
    (longer.epochs, longer.maxGradNorm) = (7, 1)
    let text = complaint(try Fitting.policy(), data, longer)
    #expect(text.contains("options.epochs is 6 there and 7 here; options.max_grad_norm is null there and 1 here"), "\(text)")
    #expect(complaint(try Fitting.policy(), try Fitting.chunks(seed: 6), options).contains("data is another there and another here"))
    #expect(complaint(try Fitting.policy(hidden: [8, 8, 8]), data, options).contains("network"))
    var process = DDPM()
    process.steps = 30
    #expect(complaint(try Fitting.policy(process: .ddpm(process)), data, options).contains("steps is 20 there and 30 here"))
    try FileManager.default.removeItem(atPath: folder)
  }

  @Test func aPolicyIsNotFittedWithinItsOwnFit() throws {
    let policy = try Fitting.policy(), data = try Fitting.chunks()
    #expect(throws: UsageError("this policy is being fitted already")) {
      try policy.fit(data, Self.options[0]) { _ in try policy.fit(data, Self.options[0]) }
    }
  }
}

import Environments
import Files
import Foundation
import Tensors
import Testing

@Suite struct DataSelectingTests {
  private func data() throws -> DataSet {
    try DataSet(
      observations: Tensor((0..<10).map(Float.init), shape: [5, 2]), actions: .zeros([5, 1]), rewards: Tensor([1, 2, 3, 4, 5]),
      terminals: [false, true, false, false, false], timeouts: [false, false, true, false, false], finalObservations: Tensor([-1, -2, -3, -4, -5, -6], shape: [3, 2]),
      success: [false, true, false, false, false], infos: ["x": Tensor([0, 1, 2, 3, 4])])
  }

  @Test func episodesAreTaken() throws {
    let data = try data()
    #expect(data.episodes.map(\.success) == [true, false, false] && data.successShare == 1.0 / 3 && data.terminatedShare == 1.0 / 3)
    let turned = try data.selecting([2, 0])
    #expect(turned.observations.values == [6, 7, 8, 9, 0, 1, 2, 3] && turned.rewards.values == [4, 5, 1, 2])
    #expect(turned.episodes.map(\.range) == [0..<2, 2..<4] && turned.timeouts == [false, true, false, false])
    #expect(turned.finalObservations?.values == [-5, -6, -1, -2] && turned.infos["x"]?.values == [3, 4, 0, 1] && turned.success == [false, false, false, true])
    #expect(message { _ = try data.selecting([3]) } == "there is no episode 4; there are 3")
    #expect(message { _ = try data.selecting([]) } == "no episode is left of 3")
  }

  @Test func dataAreJoined() throws {
    let both = try DataSet.concatenating([data(), data()])
    #expect(both.count == 10 && both.episodes.map(\.range) == [0..<2, 2..<3, 3..<5, 5..<7, 7..<8, 8..<10])
    #expect(both.finalObservations?.shape == [6, 2] && both.infos["x"]?.count == 10 && both.success?.count == 10)
    let bare = try data().replacing(observations: .zeros([5, 2]), actions: .zeros([5, 1]), finalObservations: nil)
    #expect(try DataSet.concatenating([bare, data()]).finalObservations == nil)
    let other = try data().replacing(observations: .zeros([5, 3]), actions: .zeros([5, 1]), finalObservations: nil)
    #expect(message { _ = try DataSet.concatenating([data(), other]) } == "DataSet 2 has observations of 3 and actions of 1 numbers, the first 2 and 1")
  }

  /// 0 and 100 are the references themselves; walker2d's medium data by hand.
  @Test func scoresOfD4RL() throws {
    #expect(try NormalizedScore.of(3234.3, environment: "hopper-medium-v2") == 100 && NormalizedScore.of(-280.178953, environment: "HalfCheetah-v5") == 0)
    #expect(try abs(NormalizedScore.of(2343, environment: "Walker2d-v5") - 51.0030) < 1e-3)
    #expect(message { _ = try NormalizedScore.of(1, environment: "Pendulum-v1") } == "D4RL has no reference scores for Pendulum-v1; it has them for ant, halfcheetah, hopper, walker2d")
  }

  @Test func collectingDoesNotDependOnThreads() throws {
    func collected(_ threads: Int, _ collecting: (VectorEnvironment, (Tensor) throws -> Tensor) throws -> DataSet) throws -> DataSet {
      let before = Threads.count
      try Threads.use(threads)
      defer { do { try Threads.use(before) } catch { Issue.record(error) } }
      let vector = try VectorEnvironment(count: 5, chunk: 2, seed: 3) { _ in try Environments.make("Hopper-v5") }
      var stream = RandomStream(seed: 1)
      return try collecting(vector) { _ in try Tensor.uniform([5, 2, 3], -1, 1, using: &stream) }
    }
    for collecting in [{ try collect(from: $0, steps: 300, action: $1) }, { try collect(from: $0, episodes: 7, action: $1) }]
      as [(VectorEnvironment, (Tensor) throws -> Tensor) throws -> DataSet] {
      let (one, three) = (try collected(1, collecting), try collected(3, collecting))
      #expect(one.observations.values == three.observations.values && one.rewards.values == three.rewards.values && one.timeouts == three.timeouts)
      #expect(one.finalObservations?.shape == [one.episodes.count, 11] && one.finalObservations?.values == three.finalObservations?.values)
    }
  }

  /// Of every format: a change anywhere is read, or is an error that names the file.
  @Test(arguments: [
    ("d4rl.hdf5", 200), ("d4rl_v0.hdf5", 100), ("minari_plain/data/main_data.hdf5", 150), ("robomimic.hdf5", 150), ("ogbench.npz", 200),
    ("ogbench_regular.npz", 200),
  ])
  func mutatedFilesNeverCrash(name: String, count: Int) throws {
    let path = NSTemporaryDirectory() + "mutated-\(UUID())" + (name.hasSuffix("npz") ? ".npz" : ".hdf5")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let bytes = try readBytes("\(DataFileTests.folder)/\(name)")
    var (random, read) = (RandomStream(seed: 2, purpose: "mutations"), 0)
    var selection = DataSelection()
    if name.hasPrefix("robomimic") { selection.observationKeys = ["object"] }
    if name.hasPrefix("d4rl_v0") { selection.maxEpisodeSteps = 5 }
    for _ in 0..<count {
      var mutated = bytes
      switch random.integer(below: 8) {
      case 0: mutated.removeLast(1 + random.integer(below: bytes.count - 1))
      case 1: mutated.insert(contentsOf: bytes[0..<random.integer(below: bytes.count)], at: random.integer(below: bytes.count))
      default:
        for _ in 0...random.integer(below: 6) { mutated[random.integer(below: random.integer(below: 2) == 0 ? 2000 % bytes.count + 1 : bytes.count)] = UInt8(random.integer(below: 256)) }
      }
      try Data(mutated).write(to: URL(filePath: path))
      do {
        _ = try DataSet.load(path, selection)
        read += 1
      } catch { #expect("\(error)".contains(path), "\(error)") }
    }
    print("\(name): \(read) of \(count) mutated files are read")
  }
}

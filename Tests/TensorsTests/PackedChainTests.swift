import Dispatch
import Synchronization
import Testing
@testable import Tensors

/// Serialised: one of them changes the number of threads.
@Suite(.serialized) struct PackedChainTests {
  @Test(arguments: PackedActivation.allCases, 1...3) func theNetworkAgreesWithDoublePrecision(activation: PackedActivation, blocks: Int) throws {
    let network = Network(size: 7, observation: 5, time: 8, hidden: 48, blocks: blocks, activation: activation)
    let packed = try network.packed(.float32)
    let (noise, observation) = network.rows(21)
    for time in [0, 3] {
      let result = try packed(noise, observation: observation, time: time)
      for index in 0..<21 {
        let expected = Naive.network(network, row(noise, index), row(observation, index), time: time)
        for (got, wanted) in zip(row(result, index), expected) { #expect(abs(got - wanted) < 1e-5 * (1 + abs(wanted))) }
      }
    }
  }

  @Test func anUnconditionalNetwork() throws {
    let network = Network(size: 3, observation: 0)
    let (noise, observation) = network.rows(9)
    let result = try network.packed(.float32)(noise, observation: observation, time: 2)
    for index in 0..<9 {
      let expected = Naive.network(network, row(noise, index), [], time: 2)
      for (got, wanted) in zip(row(result, index), expected) { #expect(abs(got - wanted) < 1e-5 * (1 + abs(wanted))) }
    }
  }

  @Test(arguments: [PackedActivation.relu, .mish]) func theChainAgreesWithDoublePrecision(activation: PackedActivation) throws {
    let network = Network(hidden: 96, activation: activation)
    let (noise, observation) = network.rows(40)
    let result = try network.chain(.float32)(observation: observation, noise: noise)
    let alphas = Network.alphas.map(Double.init)
    for index in 0..<40 {
      let expected = Naive.ddim(network, row(noise, index), row(observation, index), alphas: alphas, clip: 1)
      for (got, wanted) in zip(row(result, index), expected) { #expect(abs(got - wanted) < 1e-5) }
    }
  }

  @Test func eulerAddsTheField() throws {
    let network = Network()
    let (noise, observation) = network.rows(3)
    let field = try network.packed(.float32)(noise, observation: observation, time: 1)
    let chain = try PackedChain(network: network.packed(.float32), steps: [PackedChain.Step(time: 1, update: .euler(length: 0.25))])
    let moved = try chain(observation: observation, noise: noise)
    for ((x, v), got) in zip(zip(noise.values, field.values), moved.values) { #expect(abs(x + 0.25 * v - got) < 1e-6) }
  }

  /// A row's result is the same alone and in any company, within the rounding of float32 sums.
  @Test(arguments: Precision.allCases) func everyRowCountEqualsRowByRow(precision: Precision) throws {
    let network = Network()
    let chain = try network.chain(precision)
    let (noise, observation) = network.rows(70)
    let alone = try (0..<70).map {
      try chain(observation: observation.narrow(0, $0, 1), noise: noise.narrow(0, $0, 1)).values
    }
    for count in 1...70 {
      let together = try chain(observation: observation.narrow(0, 0, count), noise: noise.narrow(0, 0, count)).values
      for (got, wanted) in zip(together, alone.prefix(count).joined()) { #expect(abs(got - wanted) < (precision == .float32 ? 1e-5 : 0.02)) }
    }
  }

  @Test(arguments: Precision.allCases) func threadsDoNotChangeAResult(precision: Precision) throws {
    let before = Threads.count
    defer { try? Threads.use(before) }
    let network = Network()
    let chain = try network.chain(precision)
    let (noise, observation) = network.rows(301)
    try Threads.use(1)
    let single = try chain(observation: observation, noise: noise).values
    for threads in [2, 3, 7] {
      try Threads.use(threads)
      #expect(try chain(observation: observation, noise: noise).values == single)
    }
  }

  /// Eight callers at once, of different sizes, each get what they would get alone.
  @Test func manyThreadsShareAChain() throws {
    let network = Network()
    let chain = try network.chain(.float32)
    let inputs = (0..<8).map { network.rows(1 + 17 * $0, seed: $0) }
    let alone = try inputs.map { try chain(observation: $0.observation, noise: $0.noise).values }
    let wrong = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      let (noise, observation) = inputs[index % 8]
      let result = try? chain(observation: observation, noise: noise).values
      if result != alone[index % 8] { wrong.withLock { $0.append(index) } }
    }
    #expect(wrong.withLock { $0 } == [])
  }

  /// At the size of DPPO's Hopper policy, actions in [-1, 1]: what bfloat16 costs.
  @Test(arguments: [PackedActivation.relu, .mish]) func bfloat16StaysNear(activation: PackedActivation) throws {
    let network = Network(hidden: 512, activation: activation)
    let (noise, observation) = network.rows(512)
    let exact = try network.chain(.float32)(observation: observation, noise: noise).values
    let rounded = try network.chain(.bfloat16)(observation: observation, noise: noise).values
    let errors = zip(exact, rounded).map { abs($0 - $1) }
    let largest = errors.max() ?? 0
    let mean = errors.reduce(0, +) / Float(errors.count)
    #expect(largest < 0.03)
    #expect(mean < 0.002)
  }

  @Test func blocksCoverTheRowsOnce() {
    for rows in 0...300 {
      let blocks = PackedResidualMLP.blocks(of: rows)
      #expect(blocks.flatMap { Array($0.rows) } == Array(0..<rows))
      #expect(blocks.allSatisfy { $0.rows.count <= $0.capacity })
    }
  }

  @Test func wrongInputsThrow() throws {
    let network = Network()
    let packed = try network.packed(.float32)
    let chain = try network.chain(.float32)
    let (noise, observation) = network.rows(4)
    #expect(throws: UsageError("this network wants x of shape [n, 12], got [4, 11]")) { try chain(observation: noise, noise: observation) }
    #expect(throws: UsageError("wanted an observation of shape [4, 11], got [3, 11]")) { try chain(observation: .ones([3, 11]), noise: noise) }
    #expect(throws: UsageError("wanted a time in 0..<5, got 5")) { try packed(noise, observation: observation, time: 5) }
    #expect(throws: UsageError("wanted a time in 0..<5, got -1")) {
      try PackedChain(network: packed, steps: [PackedChain.Step(time: -1, update: .euler(length: 1))])
    }
    #expect(throws: UsageError.self, "alpha 1 leaves no noise to divide by") {
      try PackedChain(network: packed, steps: [PackedChain.Step(time: 0, update: .ddim(alpha: 1, previous: 1, clip: nil))])
    }
    #expect(throws: UsageError("a block's layers are [64, 64], got [64, 63]")) {
      let layer = PackedResidualMLP.Layer(weight: .ones([64, 63]), bias: .ones([64]))
      _ = try PackedResidualMLP(
        input: network.input, blocks: [.init(first: layer, second: layer)], output: network.output, embeddings: network.embeddings,
        activation: .relu, precision: .float32)
    }
  }
}

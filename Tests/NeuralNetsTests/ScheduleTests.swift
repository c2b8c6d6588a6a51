import Tensors
import Testing

@testable import NeuralNets

@Test func schedulesAgreeWithPyTorch() throws {
  let table: [String: Schedule] = [
    "constant": try Schedule(learningRate: 0.1),
    "constant_warm_up": try Schedule(learningRate: 0.1, warmUp: 4),
    "linear": try Schedule(.linear, learningRate: 0.1, minimum: 0.01, steps: 10),
    "cosine": try Schedule(.cosine, learningRate: 0.1, minimum: 0.01, steps: 10),
    "cosine_warm_up": try Schedule(.cosine, learningRate: 0.1, minimum: 0.01, warmUp: 4, steps: 14),
    "restarts_growing": try Schedule(.cosineRestarts, learningRate: 0.1, minimum: 0.01, steps: 5, cycleGrowth: 2),
    "restarts_warm_up": try Schedule(.cosineRestarts, learningRate: 0.1, minimum: 0.01, warmUp: 4, steps: 14, cycleDecay: 0.5),
  ]
  let wanted = try Fixture.read().schedules
  #expect(wanted.keys.sorted() == table.keys.sorted())
  for (name, schedule) in table {
    for (step, rate) in try #require(wanted[name]).enumerated() {
      #expect(abs(schedule(step) - rate) < 1e-7, "\(name) at \(step)")
    }
  }
}

/// DPPO's: 3000 epochs, 1e-4 to 1e-5, 100 of warm-up.
@Test func dppoScheduleAtItsCorners() throws {
  let schedule = try Schedule(.cosineRestarts, learningRate: 1e-4, minimum: 1e-5, warmUp: 100, steps: 3000)
  let table: [(Int, Float)] = [(0, 1e-5), (50, 5.5e-5), (100, 1e-4), (1550, 5.5e-5), (3000, 1e-5), (3100, 1e-4)]
  for (step, rate) in table { #expect(abs(schedule(step) - rate) < 1e-10, "at \(step)") }
}

/// Far out a rate is found without counting cycles one by one, and no length overflows.
@Test func schedulesAnswerFarOut() throws {
  let far = Schedule.longest
  let plain = try Schedule(.cosineRestarts, learningRate: 0.1, minimum: 0.01, steps: 1000)
  #expect(plain(far / 1000 * 1000 + 250) == plain(250))
  #expect(try Schedule(.cosineRestarts, learningRate: 0.1, minimum: 0.01, steps: 10, cycleDecay: 0.5)(far / 10 * 10 - 10) == 0)
  let growing = try Schedule(.cosineRestarts, learningRate: 0.1, minimum: 0.01, steps: 7, cycleGrowth: 1e30)
  #expect(growing(7) == 0.1)
  #expect(growing(far) >= 0.01 && growing(far) <= 0.1)
  #expect(complaint { _ = try Schedule(.linear, learningRate: 1, steps: .max) } == "a schedule wants at most \(far) steps, got \(Int.max)")
}

@Test func schedulesRefuse() {
  let table: [(String, () throws -> Void)] = [
    ("a cosine schedule wants more steps than its warm-up of 5, got 5", { _ = try Schedule(.cosine, learningRate: 1, warmUp: 5, steps: 5) }),
    ("warm_up wants to be zero or more, got -1", { _ = try Schedule(learningRate: 1, warmUp: -1) }),
    ("learning_rate wants to be zero or more, got -1.0", { _ = try Schedule(learningRate: -1) }),
    ("cycle_growth wants to be at least 1, got 0.5", { _ = try Schedule(learningRate: 1, cycleGrowth: 0.5) }),
  ]
  for (wanted, body) in table { #expect(complaint(body) == wanted) }
}

import Files
import Glibc
import Testing
import Tensors

@testable import Diffusion

/// Against stored vectors of diffusers (scripts/fixtures/diffusers_schedules.py).
struct DiffusersTests {
  private struct Chain: Codable {
    var sampler, schedule, prediction, spacing: String
    var steps: Int
    var clip: Bool
    var eta: Double
    var times: [Int]
    var result: [Double]
  }
  private struct Fixture: Codable {
    var version: String
    var inner: Double
    var start: [Double]
    var schedules: [String: [Double]]
    var chains: [Chain]
  }

  private func fixture() throws -> Fixture {
    let here = #filePath.split(separator: "/").dropLast(1).joined(separator: "/")
    let bytes = try readBytes("/\(here)/Fixtures/diffusers.json")
    return try JSON.decode(Fixture.self, from: bytes, source: "diffusers.json")
  }

  private func process(_ schedule: String, _ prediction: String) throws -> DDPM {
    var process = DDPM()
    process.steps = 100
    process.schedule = try #require(DDPM.Schedule(rawValue: schedule))
    process.prediction = try #require(DDPM.Prediction(rawValue: prediction))
    if schedule == "scaled_linear" { (process.betaStart, process.betaEnd) = (1e-3, 0.05) }
    return process
  }

  @Test func schedulesAgree() throws {
    for (name, expected) in try fixture().schedules {
      let ours = try process(name, "epsilon").alphaBars
      #expect(ours.count == expected.count)
      for (x, y) in zip(ours, expected) { #expect(abs(x - y) < 2e-6 * max(1, abs(y)), "\(name)") }
    }
  }

  @Test func chainsAgree() throws {
    let fixture = try fixture()
    #expect(fixture.chains.count == 38)
    for chain in fixture.chains {
      let process = try process(chain.schedule, chain.prediction)
      let spacing = try #require(TimeSpacing.Name(rawValue: chain.spacing))
      let plan: SamplingPlan
      if chain.sampler == "ddim" {
        var sampler = DDIM()
        (sampler.steps, sampler.spacing, sampler.eta, sampler.clip) = (chain.steps, spacing, chain.eta, chain.clip ? 1 : nil)
        plan = try sampler.plan(for: process)
      } else {
        var sampler = AncestralSampler()
        (sampler.steps, sampler.spacing, sampler.clip) = (chain.steps, spacing, chain.clip ? 1 : nil)
        plan = try sampler.plan(for: process)
      }
      #expect(plan.moves.map(\.time) == chain.times.map(Double.init))
      let start = Tensor(fixture.start.map(Float.init))
      let inner = Tensor([Float](repeating: Float(fixture.inner), count: 8))
      let ours = try plan.run(from: start, inner: { inner }) { x, i in
        Tensor(x.values.map { 0.8 * tanhf($0 + Float(plan.moves[i].time) / 100) })
      }
      for (x, y) in zip(ours.values, chain.result) {
        #expect(abs(Double(x) - y) < 2e-4 * max(1, abs(y)), "\(chain.sampler) \(chain.schedule) \(chain.prediction) \(chain.spacing) eta \(chain.eta)")
      }
    }
  }
}

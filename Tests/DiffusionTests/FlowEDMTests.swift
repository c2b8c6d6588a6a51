import Files
import Glibc
import Testing
import Tensors

@testable import Diffusion

/// Against stored vectors of torchcfm, and of Karras et al.'s formulas in float64 (scripts/fixtures/flow_edm.py).
struct FlowEDMTests {
  private struct Fixture: Codable {
    struct Paths: Codable { var noise, action, point, velocity: [[Double]], time: [Double] }
    struct Pairs: Codable { var noise, action: [Double], size: Int, rows: [Int] }
    struct Euler: Codable { var steps: Int, result: [Double] }
    struct Chain: Codable {
      var method: String, steps: Int
      var sigma_min, sigma_max, rho, sigma_data, churn, s_tmin, s_tmax, s_noise: Double
      var sigmas, result: [Double]
    }
    var inner: Double
    var start: [Double]
    var paths: Paths
    var pairs: [Pairs]
    var euler: [Euler]
    var edm: [Chain]
  }

  private func fixture() throws -> Fixture {
    let here = #filePath.split(separator: "/").dropLast(1).joined(separator: "/")
    return try JSON.decode(Fixture.self, from: try readBytes("/\(here)/Fixtures/flow_edm.json"), source: "flow_edm.json")
  }

  private func rows(_ values: [[Double]]) throws -> Tensor { try Tensor(values.flatMap { $0.map { Float($0) } }, shape: [values.count, values[0].count]) }

  @Test func pathsAreTorchcfms() throws {
    let paths = try fixture().paths
    for direction in Flow.Direction.allCases {
      var flow = Flow()
      flow.direction = direction
      let lesson = try flow.lesson(from: rows(paths.noise), to: rows(paths.action), paths.time)
      let sign: Float = direction == .toAction ? 1 : -1
      for (x, y) in zip(lesson.input.values, try rows(paths.point).values) { #expect(abs(x - y) < 1e-6) }
      for (x, y) in zip(lesson.target.values, try rows(paths.velocity).values) { #expect(abs(x - sign * y) < 1e-6) }
      for (x, y) in zip(lesson.time.values, paths.time) { #expect(abs(Double(x) - (direction == .toAction ? y : 1 - y)) < 1e-6) }
    }
  }

  @Test func eulerGoesTheSameWay() throws {
    let fixture = try fixture()
    for chain in fixture.euler {
      var sampler = FlowSampler()
      (sampler.steps, sampler.finalClip) = (chain.steps, nil)
      let plan = try sampler.plan(for: Flow())
      let ours = try plan.run(from: Tensor(fixture.start.map { Float($0) })) { x, i in Tensor(x.values.map { tanhf($0 + Float(plan.moves[i].time)) }) }
      for (x, y) in zip(ours.values, chain.result) { #expect(abs(Double(x) - y) < 1e-5) }
    }
  }

  @Test func pairsAreThoseOfTheExactPlan() throws {
    for pairs in try fixture().pairs {
      let count = pairs.rows.count
      let noise = try Tensor(pairs.noise.map { Float($0) }, shape: [count, pairs.size])
      let action = try Tensor(pairs.action.map { Float($0) }, shape: [count, pairs.size])
      #expect(Assignment.nearest(action, noise) == pairs.rows)
    }
  }

  @Test func edmFollowsItsFormulas() throws {
    let fixture = try fixture()
    #expect(fixture.edm.count == 8)
    for chain in fixture.edm {
      var process = EDM(), sampler = EDMSampler()
      process.sigmaData = chain.sigma_data
      sampler.method = try #require(EDMSampler.Method(rawValue: chain.method))
      (sampler.steps, sampler.sigmaMin, sampler.sigmaMax, sampler.rho) = (chain.steps, chain.sigma_min, chain.sigma_max, chain.rho)
      (sampler.sChurn, sampler.sTmin, sampler.sTmax, sampler.sNoise) = (chain.churn, chain.s_tmin, chain.s_tmax, chain.s_noise)
      sampler.finalClip = nil
      for (x, y) in zip(sampler.sigmas, chain.sigmas) { #expect(abs(x - y) < 1e-12 * max(1, y)) }
      let plan = try sampler.plan(for: process)
      let inner = Tensor([Float](repeating: Float(fixture.inner), count: 8))
      let ours = try plan.run(from: Tensor(fixture.start.map { Float($0) }), inner: { inner }) { x, i in
        Tensor(x.values.map { 0.8 * tanhf($0 + Float(plan.moves[i].time)) })
      }
      for (x, y) in zip(ours.values, chain.result) { #expect(abs(Double(x) - y) < 5e-5 * max(1, abs(y)), "\(chain.method) \(chain.steps) \(chain.churn)") }
    }
  }
}

struct AssignmentTests {
  private func permutations(_ n: Int) -> [[Int]] {
    guard n > 0 else { return [[]] }
    return permutations(n - 1).flatMap { rest in (0..<n).map { place in Array(rest[..<place]) + [n - 1] + Array(rest[place...]) } }
  }

  /// Every pairing of up to six, tried out; costs with many ties among them.
  @Test func noPairingIsCheaper() {
    var stream = RandomStream(seed: 3)
    for n in 1...6 {
      let all = permutations(n)
      for round in 0..<20 {
        let cost = (0..<n * n).map { _ in round % 2 == 0 ? stream.normal() : Double(stream.integer(below: 3)) }
        func sum(_ columns: [Int]) -> Double { columns.enumerated().reduce(0) { $0 + cost[$1.offset * n + $1.element] } }
        let ours = Assignment.leastCost(cost, n)
        #expect(ours.sorted() == Array(0..<n))
        #expect(abs(sum(ours) - (all.map(sum).min() ?? 0)) < 1e-12)
      }
    }
  }

  /// In one dimension the cheapest pairing keeps the order.
  @Test func onALineTheOrderStays() throws {
    var stream = RandomStream(seed: 4)
    let (x, y) = (try Tensor.randn([200, 1], using: &stream), try Tensor.randn([200, 1], using: &stream))
    let rows = Assignment.nearest(x, y)
    let order = x.values.indices.sorted { x.values[$0] < x.values[$1] }
    let partners = order.map { y.values[rows[$0]] }
    #expect(partners == y.values.sorted())
  }
}

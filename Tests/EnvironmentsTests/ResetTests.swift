import Environments
import Tensors
import Testing

/// Where episodes start, against the law's moments in closed form: 4000 resets, five standard errors.
@Suite struct ResetTests {
  enum Law {
    case uniform(Double), normal(Double), still
    var deviation: Double {
      switch self {
      case .uniform(let scale): scale / 3.0.squareRoot()
      case .normal(let scale): scale
      case .still: 0
      }
    }
    /// Of the fourth central moment to the square of the variance.
    var kurtosis: Double {
      switch self {
      case .uniform: 1.8
      case .normal: 3
      case .still: 0
      }
    }
    var bound: Double {
      switch self {
      case .uniform(let scale): scale
      case .normal: .infinity
      case .still: 0
      }
    }
  }
  private let draws = 4000

  private func starts(_ environment: MuJoCoEnvironment) throws -> (positions: [[Double]], velocities: [[Double]]) {
    environment.stream = RandomStream(seed: 11, purpose: "env")
    var (positions, velocities): ([[Double]], [[Double]]) = ([], [])
    for _ in 0..<draws {
      _ = try environment.reset()
      positions.append(environment.model.position)
      velocities.append(environment.model.velocity)
    }
    return (positions, velocities)
  }

  private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot())
  }

  private func expect(_ values: [Double], around middle: Double, _ law: Law, _ what: String) {
    let (mean, deviation) = moments(values)
    let root = Double(draws).squareRoot()
    #expect(abs(mean - middle) <= 5 * law.deviation / root + 1e-15, "\(what): mean \(mean), wanted \(middle)")
    let error = law.deviation * (max(law.kurtosis - 1, 0)).squareRoot() / 2 / root
    #expect(abs(deviation - law.deviation) <= 5 * error + 1e-15, "\(what): deviation \(deviation), wanted \(law.deviation)")
    #expect(values.allSatisfy { abs($0 - middle) <= law.bound + 1e-15 }, "\(what)")
  }

  @Test(arguments: [
    ("Hopper-v5", Law.uniform(5e-3), Law.uniform(5e-3)), ("Walker2d-v5", .uniform(5e-3), .uniform(5e-3)), ("HalfCheetah-v5", .uniform(0.1), .normal(0.1)),
    ("Ant-v5", .uniform(0.1), .normal(0.1)), ("Humanoid-v5", .uniform(0.01), .uniform(0.01)), ("HumanoidStandup-v5", .uniform(0.01), .uniform(0.01)),
    ("Swimmer-v5", .uniform(0.1), .uniform(0.1)), ("InvertedPendulum-v5", .uniform(0.01), .uniform(0.01)),
    ("InvertedDoublePendulum-v5", .uniform(0.1), .normal(0.1)), ("Pusher-v5", .still, .uniform(0.005)), ("Reacher-v5", .uniform(0.1), .uniform(0.005)),
  ]) func startsFollowTheirLaw(id: String, position: Law, velocity: Law) throws {
    let environment = try #require(Environments.optionsType(of: id).init().make() as? MuJoCoEnvironment)
    let (positions, velocities) = try starts(environment)
    let initial = environment.model.initialPosition
    // The last positions of Reacher (2) and Pusher (4) are places, with no velocity.
    let placed = ["Reacher-v5": 2, "Pusher-v5": 4][id] ?? 0
    for index in 0..<initial.count - placed { expect(positions.map { $0[index] }, around: initial[index], position, "\(id) position \(index)") }
    let joints = environment.model.velocityCount
    for index in 0..<joints { expect(velocities.map { $0[index] }, around: 0, index < joints - placed ? velocity : .still, "\(id) velocity \(index)") }
  }

  /// Uniform on a disc of radius r: each coordinate has mean 0 and deviation r / 2.
  @Test func theReachersTargetLiesInADisc() throws {
    let (positions, _) = try starts(MuJoCoEnvironment(ReacherOptions()))
    let points = positions.map { ($0[2], $0[3]) }
    #expect(points.allSatisfy { ($0.0 * $0.0 + $0.1 * $0.1).squareRoot() < 0.2 })
    for values in [points.map(\.0), points.map(\.1)] {
      let (mean, deviation) = moments(values)
      #expect(abs(mean) < 5 * 0.1 / Double(draws).squareRoot())
      #expect(abs(deviation - 0.1) < 0.004)
    }
  }

  /// Uniform on [-0.3, 0] x [-0.2, 0.2] without the half disc of radius 0.17 around the goal.
  @Test func thePushersObjectKeepsItsDistance() throws {
    let (positions, _) = try starts(MuJoCoEnvironment(PusherOptions()))
    let points = positions.map { ($0[7], $0[8]) }
    #expect(points.allSatisfy { ($0.0 * $0.0 + $0.1 * $0.1).squareRoot() > 0.17 && $0.0 <= 0 && $0.0 >= -0.3 && abs($0.1) <= 0.2 })
    #expect(positions.allSatisfy { $0[9] == 0 && $0[10] == 0 })
    let r = 0.17
    let area = 0.12 - .pi * r * r / 2
    let meanX = (-0.12 * 0.15 + 2 * r * r * r / 3) / area
    let squareX = (0.4 * 0.027 / 3 - .pi * r * r * r * r / 8) / area
    let squareY = (0.3 * 2 * 0.008 / 3 - .pi * r * r * r * r / 8) / area
    let (x, y) = (moments(points.map(\.0)), moments(points.map(\.1)))
    let (deviationX, deviationY) = ((squareX - meanX * meanX).squareRoot(), squareY.squareRoot())
    let root = Double(draws).squareRoot()
    #expect(abs(x.mean - meanX) < 5 * deviationX / root && abs(x.deviation - deviationX) < 5 * deviationX / root)
    #expect(abs(y.mean) < 5 * deviationY / root && abs(y.deviation - deviationY) < 5 * deviationY / root)
  }
}

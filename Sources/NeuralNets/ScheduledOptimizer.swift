import Tensors

/// An optimiser whose learning rate follows a schedule: its k-th step, from 0, is taken at the rate `schedule(k)`.
public final class ScheduledOptimizer: Optimizer {
  public let base: any Optimizer
  public let schedule: Schedule
  /// Steps taken.
  public private(set) var steps = 0 {
    didSet { base.learningRate = schedule(min(steps, Schedule.longest)) }
  }

  /// Of the next step; setting it lasts for one.
  public var learningRate: Float {
    get { base.learningRate }
    set { base.learningRate = newValue }
  }
  public var parameters: [NamedTensor] { base.parameters }

  public init(_ base: any Optimizer, _ schedule: Schedule) {
    (self.base, self.schedule) = (base, schedule)
    base.learningRate = schedule(0)
  }

  @discardableResult
  public func step() throws -> Float? {
    let norm = try base.step()
    steps += 1
    return norm
  }

  /// The optimiser's own, and "schedule_step".
  public var state: [NamedTensor] { base.state + [(name: "schedule_step", tensor: counter(steps))] }

  public func load(state: [String: Tensor]) throws {
    var rest = state
    guard let step = rest.removeValue(forKey: "schedule_step") else {
      throw UsageError("the optimiser's state does not fit; missing: schedule_step")
    }
    let taken = try count(of: step)
    try base.load(state: rest)
    steps = taken
  }
}

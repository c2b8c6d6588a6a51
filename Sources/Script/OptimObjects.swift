import LuaBridge
import NeuralNets
import Tensors

/// An optimiser as Lua holds it.
final class OptimizerObject: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "Optimizer"
  let kind: String
  let optimizer: any Optimizer

  init(_ kind: String, _ optimizer: any Optimizer) { (self.kind, self.optimizer) = (kind, optimizer) }

  var luaByteCount: Int { bytes(optimizer.state) }

  func setLearningRate(_ rate: Float) throws {
    guard !(optimizer is ScheduledOptimizer) else { throw UsageError("this optimizer's learning_rate follows its schedule") }
    guard rate.isFinite, rate >= 0 else { throw UsageError("learning_rate wants to be zero or more, got \(rate)") }
    optimizer.learningRate = rate
  }

  var description: String {
    let count = optimizer.parameters.reduce(0) { $0 + $1.tensor.count }
    return "Optimizer(\(kind), learning rate \(optimizer.learningRate), \(count) numbers in \(optimizer.parameters.count) parameters)"
  }
}

/// A learning rate as a function of the step.
final class ScheduleObject: LuaObject, CustomStringConvertible {
  static let luaName = "Schedule"
  let schedule: Schedule
  init(_ schedule: Schedule) { self.schedule = schedule }

  func rate(at step: Int) throws -> Float {
    guard 0...Schedule.longest ~= step else { throw UsageError("a schedule counts steps from 0 to \(Schedule.longest), got \(step)") }
    return schedule(step)
  }

  var description: String {
    let warmUp = schedule.warmUp > 0 ? ", warm-up \(schedule.warmUp)" : ""
    let length = schedule.kind == .constant ? "" : " to \(schedule.minimum) in \(schedule.steps) steps"
    return "Schedule(\(schedule.kind.rawValue), \(schedule.learningRate)\(length)\(warmUp))"
  }
}

/// Averages of parameters, and the parameters they follow.
final class EMAObject: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "EMA"
  let source: ParameterList
  let ema: EMA

  init(_ source: ParameterList, _ config: EMA.Config) throws { (self.source, ema) = (source, try EMA(source, config)) }

  var luaByteCount: Int { bytes(ema.average) }

  var description: String { "EMA(decay \(ema.config.decay), \(ema.average.count) parameters, \(ema.steps) updates)" }
}

extension EMA.Config: LuaBridge.Options {}

/// PyTorch's options of Adam; its AdamW has another weight_decay.
struct AdamOptions: LuaBridge.Options {
  var learningRate: Float = 1e-3
  var betas = [Adam.Config().beta1, Adam.Config().beta2]
  var eps = Adam.Config().epsilon
  var weightDecay = Adam.Config().weightDecay
  var maxGradNorm: Float?

  func config(decoupled: Bool) throws -> Adam.Config {
    guard betas.count == 2 else { throw UsageError("betas wants two numbers, got \(betas.count)") }
    var config = Adam.Config()
    (config.learningRate, config.beta1, config.beta2, config.epsilon) = (learningRate, betas[0], betas[1], eps)
    (config.weightDecay, config.decoupled, config.maxGradNorm) = (weightDecay, decoupled, maxGradNorm)
    return config
  }
}

struct AdamWOptions: LuaBridge.Options {
  var learningRate: Float = 1e-3
  var betas = AdamOptions().betas
  var eps = AdamOptions().eps
  var weightDecay = Adam.Config.adamW.weightDecay
  var maxGradNorm: Float?

  func config() throws -> Adam.Config {
    var options = AdamOptions()
    (options.learningRate, options.betas, options.eps, options.weightDecay) = (learningRate, betas, eps, weightDecay)
    options.maxGradNorm = maxGradNorm
    return try options.config(decoupled: true)
  }
}

extension SGD.Config: LuaBridge.Options {}

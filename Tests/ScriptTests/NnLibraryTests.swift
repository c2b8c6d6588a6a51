import LuaBridge
import Tensors
import Testing

/// Lua in, what it returns out.
private let results: [(String, String)] = [
  ("local l = dsrl.nn.linear(4, 3) return l.weight.shape, l.bias.shape, l(dsrl.zeros(2, 4)).shape, l:forward(dsrl.zeros(5, 2, 4)).shape, l:num_parameters()", "{3, 4}, {3}, {2, 3}, {5, 2, 3}, 15"),
  ("local l = dsrl.nn.linear(2, 3, {bias = false}) local x = dsrl.randn(4, 2) return l:num_parameters(), same(l(x), x:matmul(l.weight:transpose())), (next(l:state_dict()))", "6, true, \"weight\""),
  ("local l = dsrl.nn.linear(2, 3, {init = 'zeros'}) return l{{1, 2}}:to_table()", "{{0.0, 0.0, 0.0}}"),
  ("local l = dsrl.nn.linear(8, 4, {init = {'orthogonal', gain = 2}}) local w = l.weight:detach() local p = w:matmul(w:transpose()) return (p - dsrl.eye(4) * 4):abs():max():item() < 1e-5, l.bias:abs():max():item()",
   "true, 0.0"),
  ("local c = dsrl.nn.conv1d(3, 6, 5, {stride = 2, padding = 2, groups = 3, bias = false}) return c.weight.shape, c(dsrl.zeros(2, 3, 9)).shape, c:num_parameters()", "{6, 1, 5}, {2, 6, 5}, 30"),
  ("local c = dsrl.nn.conv_transpose1d(3, 6, 4, {stride = 2, padding = 1, output_padding = 1}) return c.weight.shape, c(dsrl.zeros(2, 3, 5)).shape", "{3, 6, 4}, {2, 6, 11}"),
  ("local e = dsrl.nn.embedding(5, 2) return e({{1, 5}, {2, 2}}).shape, same(e({3}), e.weight:select(1, 3):reshape(1, 2))", "{2, 2, 2}, true"),
  ("return dsrl.nn.group_norm(2, 4)(dsrl.randn(3, 4, 5)).shape, dsrl.nn.layer_norm(4, {eps = 1})(dsrl.zeros(2, 4)).shape", "{3, 4, 5}, {2, 4}"),
  ("return dsrl.nn.sinusoidal_embedding(4)({0})[1]:to_table(), dsrl.nn.time_embedding(8)({1, 2}).shape", "{0.0, 0.0, 1.0, 1.0}, {2, 8}"),
  ("return dsrl.nn.conv1d_block(2, 8, 3)(dsrl.zeros(1, 2, 7)).shape, dsrl.nn.downsample1d(2)(dsrl.zeros(1, 2, 8)).shape, dsrl.nn.upsample1d(2)(dsrl.zeros(1, 2, 4)).shape", "{1, 8, 7}, {1, 2, 4}, {1, 2, 8}"),
  ("local b = dsrl.nn.conditional_residual_block1d(2, 8, 3, {cond_predict_scale = true, n_groups = 4}) return b(dsrl.zeros(5, 2, 6), dsrl.zeros(5, 3)).shape, b['cond_encoder.1.weight'].shape", "{5, 8, 6}, {16, 3}"),
  ("local all = {} for _, name in ipairs{'relu', 'tanh', 'sigmoid', 'mish', 'gelu', 'silu', 'softplus', 'identity'} do local x = dsrl.tensor{-1, 2} all[#all + 1] = name == 'identity' and same(dsrl.nn[name]()(x), x) or same(dsrl.nn[name]()(x), x[name](x)) end return all",
   "{true, true, true, true, true, true, true, true}"),
  ("return tostring(dsrl.nn.linear(2, 3))", "\"linear(2 -> 3), 9 parameters (weight [3, 2], bias [3])\""),
  ("local net = dsrl.nn.module{l = dsrl.nn.linear(1, 2), s = dsrl.nn.parameter{1}, m = dsrl.nn.buffer{1, 2}, list = {dsrl.nn.tanh()}} return tostring(net)",
   "\"module, 5 parameters\n  l: linear(1 -> 2), 4 parameters (weight [2, 1], bias [2])\n  list\n    0: tanh\n  m [2] buffer\n  s [1]\""),
  ("return tostring(dsrl.nn.module{}), dsrl.nn.is_module(dsrl.nn.module{}), dsrl.nn.is_module(dsrl.nn.relu()), dsrl.nn.is_module{}, dsrl.nn.is_module(3)", "\"module\", true, true, false, false"),
  ("local net = dsrl.nn.module{} net.self = net net.list = {net} return #net:parameters(), tostring(net)", "0, \"module\""),
  ("local p = dsrl.nn.parameter{1, 2} local net = dsrl.nn.module{p = p, q = p} p:requires_grad(false) return #net:parameters(), net:state_dict().p:to_table()", "1, {1.0, 2.0}"),
  ("local net = dsrl.nn.module{w = dsrl.ones(2):requires_grad(), cached = 1} net.cached = net.w * 2 return net:num_parameters()", "2"),
  ("local net = dsrl.nn.module{forward = function(self, a, b) return a, b, self.k end, k = 7} return net(1, 2)", "1, 2, 7"),
  ("local net = dsrl.nn.module{w = dsrl.nn.parameter{1}} local l = dsrl.nn.linear(1, 1) l(net.w):sum():backward() net:zero_grad() l:zero_grad() return net.w.grad, l.weight.grad", "nil, nil"),
  ("local s = dsrl.nn.sequential(dsrl.nn.linear(2, 3), function(x) return x * 0 + 1 end) return s[1].weight.shape, s{{1, 2}}:to_table()", "{3, 2}, {{1.0, 1.0, 1.0}}"),
  ("dsrl.manual_seed(3) local a = dsrl.nn.linear(3, 3) dsrl.manual_seed(3) dsrl.randn(9) dsrl.nn.dropout()(dsrl.ones(9)) return same(a.weight, dsrl.nn.linear(3, 3).weight)", "true"),
  ("local c = dsrl.optim.cosine{learning_rate = 1, minimum = 0.5, steps = 10, warm_up = 2} return c(0), c(1), c(2), c(10), c(99), c.kind", "0.0, 0.5, 1.0, 0.5, 0.5, \"cosine\""),
  ("local o = dsrl.optim.sgd({dsrl.nn.parameter{1}}) o.learning_rate = 0.5 return o.learning_rate, o.kind, o:step(), tostring(o)",
   "0.5, \"sgd\", nil, \"Optimizer(sgd, learning rate 0.5, 1 numbers in 1 parameters)\""),
  ("local o = dsrl.optim.adam(dsrl.nn.linear(1, 1), {schedule = dsrl.optim.linear{learning_rate = 2, steps = 4}}) o:step() return o.learning_rate, tostring(dsrl.optim.linear{learning_rate = 2, steps = 4})",
   "1.5, \"Schedule(linear, 2.0 to 0.0 in 4 steps)\""),
  ("local p = dsrl.nn.parameter{1} local e = dsrl.optim.ema({p}, {decay = 0.5}) dsrl.nn.init(p, 'constant', {value = 3}) e:update() e:copy_to{p} return p[1], tostring(e)", "2.0, \"EMA(decay 0.5, 1 parameters, 1 updates)\""),
]

/// A mistake, and what the error must say.
private let mistakes: [(String, String)] = [
  ("dsrl.nn.linear(0, 3)", "inputs wants a number from 1 to 65536, got 0"),
  ("dsrl.nn.linear(2, 3, {int = 'zeros'})", "unknown option 'int' (did you mean 'init'?)"),
  ("dsrl.nn.linear(2, 3, {init = 'zeroes'})", "there is no initialiser 'zeroes'; did you mean 'zeros'?"),
  ("dsrl.nn.linear(2, 3, {init = {'normal', gain = 1}})", "unknown option 'gain'"),
  ("dsrl.nn.linear(2, 3, {init = 5})", "'init' must be an initialiser's name, or {name, gain = ...}, got number 5"),
  ("dsrl.nn.linear(2, 3)(dsrl.zeros(2, 3))", "linear wants an input of 2 columns"),
  ("dsrl.nn.linear(2, 3)()", "linear(2 -> 3) wants one input, got 0"),
  ("dsrl.nn.linear(2, 3)('x')", "Tensor or nested lists of numbers expected, got string 'x'"),
  ("return dsrl.nn.linear(2, 3).wieght", "Module has no field 'wieght'"),
  ("dsrl.nn.linear(2, 3).weight = dsrl.zeros(3, 2)", "field 'weight' of Module cannot be assigned"),
  ("dsrl.nn.conv1d(2, 3, 3, {strid = 2})", "unknown option 'strid' (did you mean 'stride'?)"),
  ("dsrl.nn.conv1d(2, 3, 3, {stride = 0})", "a convolution wants stride, dilation and groups of 1 to"),
  ("dsrl.nn.conv1d(2, 3, 3, {groups = 2})", "a convolution wants groups that divide its channels 2 -> 3, got 2"),
  ("dsrl.nn.conv1d(2, 3, 3)(dsrl.zeros(1, 2, 2))", "conv1d wants a row of at least 3 entries with its padding, got 2"),
  ("dsrl.nn.conv1d(1, 1, 1, {padding = 1 << 20})(dsrl.zeros(1 << 16, 1, 1))", "is too large"),
  ("dsrl.nn.embedding(5, 2)({0})", "an index into an embedding of 5 wants 1 to 5, got 0"),
  ("dsrl.nn.embedding(5, 2)({1.5})", "an index into an embedding is an integer, got 0.5"),
  ("dsrl.nn.dropout(2)", "dropout wants a probability in [0, 1], got 2"),
  ("dsrl.nn.mlp{inputs = 2, outputs = 1, hiden = {3}}", "unknown option 'hiden' (did you mean 'hidden'?)"),
  ("dsrl.nn.mlp{outputs = 1}", "missing 'inputs'"),
  ("dsrl.nn.mlp{inputs = 1, outputs = 1, activation = 'swish'}", "'activation' must be one of 'relu', 'tanh', 'sigmoid', 'mish', 'gelu', 'silu', 'softplus', 'identity', got string 'swish'"),
  ("dsrl.nn.mlp{inputs = 1, outputs = 1, hidden = {0}}", "inputs, hidden and outputs wants a number from 1 to 65536, got 0"),
  ("dsrl.nn.residual_mlp{inputs = 1, outputs = 1, hidden = {4, 4}}", "a residual MLP wants an odd number of equal hidden sizes"),
  ("dsrl.nn.module(3)", "table expected, got number"),
  ("dsrl.nn.module(setmetatable({}, {}))", "a plain table expected, got one with a metatable"),
  ("dsrl.nn.module{}(1)", "this module has no function 'forward'"),
  ("dsrl.nn.module{forward = 3}(1)", "this module has no function 'forward'"),
  ("dsrl.nn.module{}:forward(1)", "this module has no function 'forward'"),
  ("dsrl.nn.module{forward = function() error('mine') end}(1)", "mine"),
  ("dsrl.nn.module{}.parameters(5)", "calling 'parameters' on bad self (Module expected, got number)"),
  ("dsrl.nn.module{p = dsrl.zeros(1):expand(3):requires_grad()}:parameters()", "parameter 'p' is a view of other memory; dsrl.nn.parameter makes one of its own"),
  ("local t = dsrl.nn.module{} for i = 1, 100 do t = dsrl.nn.module{t} end t:parameters()", "modules nested deeper than 64"),
  ("dsrl.nn.parameter('x')", "Tensor or nested lists of numbers expected, got string 'x'"),
  ("dsrl.nn.module{p = dsrl.nn.parameter{1}, q = dsrl.nn.buffer{1}}:load_state_dict{p = dsrl.zeros(2), r = dsrl.zeros(1)}",
   "the state dict does not fit; missing: q; unexpected: r; other shapes: p (wanted [1], got [2])"),
  ("dsrl.nn.module{}:load_state_dict{x = 1}", "bad argument #1 to 'load_state_dict' ('x': Tensor expected, got number)"),
  ("dsrl.nn.sequential()", "sequential wants at least one module or function, got none"),
  ("dsrl.nn.sequential(dsrl.nn.relu(), 3)", "sequential wants modules and functions, got a number at 2"),
  ("dsrl.nn.init(3, 'zeros')", "bad argument #1 to 'init' (Tensor or Module expected, got number)"),
  ("dsrl.nn.init(dsrl.zeros(3), 'orthogonal')", "this initialiser wants a tensor of two dimensions or more, none empty, got shape [3]"),
  ("dsrl.nn.init(dsrl.zeros(3, 3), 'kaiming_normal', {mode = 'in'})", "'mode' must be one of 'fan_in', 'fan_out', got string 'in'"),
  ("dsrl.nn.init(dsrl.zeros(3), 'constant')", "missing 'value'"),
  ("dsrl.nn.init(dsrl.nn.parameter{1} * 2, 'zeros')", "init wants a tensor that is not the result of a computation"),
  ("dsrl.optim.adam({})", "there are no parameters to train"),
  ("dsrl.optim.adam(3)", "bad argument #1 to 'adam' (Module or table of Tensors and modules expected, got number)"),
  ("dsrl.optim.adam({dsrl.zeros(2)})", "'0' is no parameter: it does not require gradients, or is the result of a computation"),
  ("dsrl.optim.adam(dsrl.nn.linear(1, 1), {beta = {1}})", "unknown option 'beta' (did you mean 'betas'?)"),
  ("dsrl.optim.adam(dsrl.nn.linear(1, 1), {betas = {0.9}})", "betas wants two numbers, got 1"),
  ("dsrl.optim.adamw(dsrl.nn.linear(1, 1), {learning_rate = -1})", "learning_rate wants to be zero or more, got -1.0"),
  ("dsrl.optim.sgd(dsrl.nn.linear(1, 1), {nesterov = true})", "nesterov wants a momentum above 0, got 0.0"),
  ("dsrl.optim.adam(dsrl.nn.linear(1, 1), {schedule = 3})", "'schedule' must be a Schedule, got number 3"),
  ("local c = dsrl.optim.constant{learning_rate = 1} dsrl.optim.adam(dsrl.nn.linear(1, 1), {schedule = c, learning_rate = 1})", "either learning_rate or schedule, not both"),
  ("local c = dsrl.optim.constant{learning_rate = 1} dsrl.optim.adam(dsrl.nn.linear(1, 1), {schedule = c}).learning_rate = 1", "this optimizer's learning_rate follows its schedule"),
  ("dsrl.optim.adam(dsrl.nn.linear(1, 1)).learning_rate = 'x'", "bad value for 'learning_rate' (number expected, got string)"),
  ("dsrl.optim.adam(dsrl.nn.linear(1, 1)):load_state_dict{}", "the optimiser's state does not fit; missing: step"),
  ("dsrl.optim.cosine{learning_rate = 1}", "missing 'steps'"),
  ("dsrl.optim.cosine{learning_rate = 1, steps = 3, warmup = 1}", "unknown option 'warmup' (did you mean 'warm_up'?)"),
  ("dsrl.optim.constant{learning_rate = 1, steps = 3}", "unknown option 'steps'"),
  ("dsrl.optim.constant{learning_rate = 1}(-1)", "a schedule counts steps from 0 to"),
  ("dsrl.optim.ema(dsrl.nn.linear(1, 1), {decay = 2})", "an average's decay wants to be in [0, 1], got 2.0"),
  ("dsrl.optim.ema(dsrl.nn.linear(1, 1)):copy_to(dsrl.nn.linear(1, 2))", "other shapes"),
  ("dsrl.optim.polyak(dsrl.nn.linear(1, 1), dsrl.nn.linear(1, 2), 0.5)", "polyak wants parameters of the same shapes"),
  ("dsrl.optim.polyak(dsrl.nn.linear(1, 1), {dsrl.nn.parameter{1}}, 0.5)", "polyak wants parameters of the same names, got weight, bias and 0"),
  ("dsrl.optim.polyak(dsrl.nn.linear(1, 1), dsrl.nn.linear(1, 1), 2)", "tau wants to be in [0, 1], got 2.0"),
  ("dsrl.optim.clip_grad_norm(dsrl.nn.linear(1, 1), 0)", "max_norm wants to be positive, got 0.0"),
]

@Suite struct NnLibraryTests {
  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }

  @Test(arguments: mistakes) func mistake(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    let message = domain.message(source)
    #expect(message.contains(expected), "got: \(message)")
    try domain.close()
  }

  /// An error inside a script's forward names the script's line.
  @Test func errorsNameTheLine() throws {
    let domain = try Domain()
    let message = domain.message("local net = dsrl.nn.module{\n  l = dsrl.nn.linear(2, 2),\n  forward = function(self, x)\n    return self.l(x)\n  end}\nnet(dsrl.zeros(1, 3))")
    #expect(message.hasPrefix("chunk:4: linear wants an input of 2 columns"), "got: \(message)")
    try domain.close()
  }

  /// A module that holds itself, its optimiser and its children's parent is collected as any table.
  @Test func trainingLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let domain = try Domain()
      let source = """
        function train()
          local net = dsrl.nn.module{
            body = dsrl.nn.sequential(dsrl.nn.linear(3, 8), dsrl.nn.module{forward = function(self, x) return x:mish() end}), scale = dsrl.nn.parameter(1),
            norm = dsrl.nn.buffer{1, 1, 1},
            forward = function(self, x) self.last = self.body(x / self.norm) * self.scale return self.last end}
          net.myself, net.body.parent, net.body[2].parent = net, net, net
          local optimizer = dsrl.optim.adam(net, {schedule = dsrl.optim.cosine{learning_rate = 1e-2, steps = 9}})
          net.optimizer, net.average = optimizer, dsrl.optim.ema(net)
          for _ = 1, 10 do
            local loss = net(dsrl.randn(4, 3)):square():mean()
            optimizer:zero_grad()
            loss:backward()
            optimizer:step()
            net.average:update()
          end
          net:load_state_dict(net:state_dict())
          return tostring(net)
        end
        function times(n) for _ = 1, n do train() end collectgarbage() collectgarbage() end
        times(3)
        """
      try domain.lua.run(source)
      let before = Tensor.liveCount
      try domain.lua.run("times(50)")
      #expect(Tensor.liveCount == before)
      try domain.close()
    }
  }
}

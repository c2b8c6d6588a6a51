-- A tour of the tensor surface: every family of operators once, with values worked out by hand.
local dsrl, check = require "dsrl", require "check"

local function equal(t, wanted)
  local got, want = dsrl.json.text(t:to_table()), dsrl.json.text(dsrl.tensor(wanted):to_table())
  if got ~= want then error(("got %s, wanted %s"):format(got, want), 2) end
end
local nan, inf = 0/0, math.huge
local t = dsrl.tensor{{1, 2, 3}, {4, 5, 6}}

-- Comparisons and choice
equal(t:gt(3), {{0, 0, 0}, {1, 1, 1}})
equal(t:eq(dsrl.tensor{1, 5, 3}), {{1, 0, 1}, {0, 1, 0}})
equal(t:ne(1) * t:le(2) + t:lt(1) + t:ge(6), {{0, 1, 0}, {0, 0, 1}})
equal(dsrl.where(t:gt(2), t, -1), {{-1, -1, 3}, {4, 5, 6}})
equal(t:masked_fill(t:lt(3), 0), {{0, 0, 3}, {4, 5, 6}})
equal(t:masked_select(t:gt(4)), {5, 6})
local odd = dsrl.tensor{nan, inf, -inf, 0}
equal(odd:isnan(), {1, 0, 0, 0})
equal(odd:isinf(), {0, 1, 1, 0})
equal(odd:isfinite(), {0, 0, 0, 1})
assert(t:any() and t:all() and not t:gt(9):any() and not t:gt(1):all())
equal(t:gt(5):any(1), {0, 0, 1})
equal(t:gt(1):all(2, true), {{0}, {1}})

-- Elements
equal(dsrl.tensor{-1.5, 0, 2.5}:sign(), {-1, 0, 1})
equal(dsrl.tensor{-1.5, 2.5}:floor(), {-2, 2})
equal(dsrl.tensor{-1.5, 2.5}:ceil(), {-1, 3})
equal(dsrl.tensor{-1.5, 2.5, 0.4}:round(), {-2, 2, 0})
check.near(dsrl.tensor(1e-6):log1p():item() * 1e6, 0.9999995, 1e-6)
check.near(dsrl.tensor(1e-6):expm1():item() * 1e6, 1.0000005, 1e-6)
check.near(dsrl.tensor(0.5):erf():item(), 0.5204998778, 1e-6)
equal(2 ^ dsrl.tensor{1, 2, 3}, {2, 4, 8})
equal(dsrl.tensor{2, 3} ^ dsrl.tensor{3, 2}, {8, 9})
equal(dsrl.tensor{4, 9}:pow(0.5), {2, 3})
equal(dsrl.tensor{5, -5} % 3, {2, 1})
equal(t:clamp(2, nil), {{2, 2, 3}, {4, 5, 6}})
equal(t:minimum(2):maximum(dsrl.tensor{0, 9, 0}), {{1, 9, 2}, {2, 9, 2}})

-- Reductions and order
assert(t:prod():item() == 720)
check.near(t:norm():item(), math.sqrt(91), 1e-5)
equal(dsrl.tensor{{3, 4}, {6, 8}}:norm(2), {5, 10})
equal(t:prod(1), {4, 10, 18})
equal(t:cumsum(2), {{1, 3, 6}, {4, 9, 15}})
equal(t:cumsum(1), {{1, 2, 3}, {5, 7, 9}})
check.near(dsrl.tensor{1000, 1000}:logsumexp():item(), 1000 + math.log(2), 1e-4)
assert(dsrl.tensor{-inf, -inf}:logsumexp():item() == -inf)
equal(t:var(1), {4.5, 4.5, 4.5})
equal(t:var(1, false, 0), {2.25, 2.25, 2.25})
equal(dsrl.tensor{1, 3}:std(nil, nil, 0), 1)
local values, order = dsrl.tensor{3, 1, 2}:sort()
equal(values, {1, 2, 3})
equal(order, {2, 3, 1})
equal(dsrl.tensor{{3, 1}, {1, 2}}:argsort(1, true), {{1, 2}, {2, 1}})
values, order = t:topk(2)
equal(values, {{3, 2}, {6, 5}})
equal(order, {{3, 2}, {3, 2}})
equal(t:topk(1, 1, false), {{1, 2, 3}})

-- Shapes
equal(t:flatten(), {1, 2, 3, 4, 5, 6})
assert(#dsrl.zeros(2, 1, 3, 1):squeeze().shape == 2 and #dsrl.zeros(2, 1, 3, 1):squeeze(2).shape == 3 and t:unsqueeze(2).shape[2] == 1)
equal(dsrl.tensor{1, 2}:tile(2, 2), {{1, 2, 1, 2}, {1, 2, 1, 2}})
equal(t:flip(2), {{3, 2, 1}, {6, 5, 4}})
equal(t:flip(1, -1), {{6, 5, 4}, {3, 2, 1}})
equal(t:tril(), {{1, 0, 0}, {4, 5, 0}})
equal(t:triu(1), {{0, 2, 3}, {0, 0, 6}})
equal(t:diag(), {1, 5})
equal(dsrl.tensor{1, 2}:diag(-1), {{0, 0, 0}, {1, 0, 0}, {0, 2, 0}})
equal(dsrl.tensor{1, 2}:outer(dsrl.tensor{3, 4}), {{3, 4}, {6, 8}})
assert(dsrl.tensor{1, 2}:dot(dsrl.tensor{3, 4}):item() == 11)

-- Makers
equal(dsrl.zeros_like(t) + dsrl.ones_like(t) + dsrl.full_like(t, 2), {{3, 3, 3}, {3, 3, 3}})
assert(dsrl.randn_like(t).shape[2] == 3)
equal(dsrl.randperm(5):sort(), {1, 2, 3, 4, 5})
local drawn = dsrl.randint({1000}, -1, 1)
assert(drawn:min():item() == -1 and drawn:max():item() == 1)
equal(drawn:round(), drawn:to_table())

-- Parts
local m = dsrl.arange(24):reshape(2, 3, 4)
assert(t[{1, 2}] == 2)
equal(t[-1], {4, 5, 6})
equal(t[{{}, 2}], {2, 5})
equal(m[{2, {2, 3}, {1, 4, 3}}], {{17, 20}, {21, 24}})
equal(m[{{}, -1, {-2, -1}}], {{11, 12}, {23, 24}})
equal(t[dsrl.tensor{2, 1, 2}], {{4, 5, 6}, {1, 2, 3}, {4, 5, 6}})
equal(t[{1, dsrl.tensor{3, -3}}], {3, 1})
assert(t[{{}, {3, 2}}].shape[2] == 0)

-- Parts written
local w = dsrl.zeros(2, 3)
w[1] = 7
w[{2, {2, 3}}] = dsrl.tensor{8, 9}
equal(w, {{7, 7, 7}, {0, 8, 9}})
w[{{}, 1}] = {1, 2}
w[{{}, {1, 3, 2}}] = w[{{}, {1, 3, 2}}] * 10
equal(w, {{10, 7, 70}, {20, 8, 90}})
w[dsrl.tensor{2, 1}] = dsrl.tensor{{1, 1, 1}, {2, 2, 2}}
equal(w, {{2, 2, 2}, {1, 1, 1}})
w[{{}, dsrl.tensor{3, 1}}] = dsrl.tensor{5, 6}
equal(w, {{6, 2, 5}, {6, 1, 5}})
w[{}] = 0
w[{2, 2}] = 1
equal(w, {{0, 0, 0}, {0, 1, 0}})

-- In place
local x = dsrl.tensor{1, 2, 3}
assert(x:add_(1) == x and x:mul_(x):sub_(dsrl.tensor{4}):div_(2):neg_():clamp_(-3, nil) == x)
equal(x:add_(0), {0, -2.5, -3})
equal(x:zero_():fill_(4):add_(dsrl.ones(3), 0.5):masked_fill_(dsrl.tensor{0, 1, 0}, 0), {4.5, 0, 4.5})
x = dsrl.tensor{1, 2, 3, 4}
x[{{2, 4}}]:copy_(x[{{1, 3}}])
equal(x, {1, 1, 2, 3})
local square = dsrl.tensor{{1, 2}, {3, 4}}
equal(square:copy_(square:transpose()), {{1, 3}, {2, 4}})

-- Gradients, and what they forbid
local p = dsrl.tensor{1, 2}:requires_grad()
assert(p.is_leaf and p.tracks_grad)
local loss = (p * p):sum()
assert(not loss.is_leaf)
check.fails("a gradient still needs these elements", p.add_, p, 1)
loss:backward(nil, {retain_graph = true})
loss:backward()
equal(p.grad, {4, 8})
check.fails("this graph was already used; pass retain_graph = true to the first backward", loss.backward, loss)
check.fails("unknown option 'retain_grap' (did you mean 'retain_graph'?)", loss.backward, loss, nil, {retain_grap = true})
check.fails("a tensor that requires gradients is written inside no_grad only", p.add_, p, 1)
check.fails("written inside no_grad only", function() p[1] = 3 end)
dsrl.no_grad(function() p:sub_(0.5 * p.grad) end)
equal(p, {-1, -2})
p.grad = dsrl.tensor{1, 1}
p.grad:mul_(3)
equal(p.grad, {3, 3})
p.grad = nil
assert(p.grad == nil)
check.fails("a gradient of shape [2] was wanted, got [3]", function() p.grad = dsrl.zeros(3) end)
local buffer = dsrl.zeros(2)
check.fails("writing would lose the gradient of what is written", buffer.copy_, buffer, p)
check.fails("writing would lose the gradient", function() buffer[1] = p:sum() end)
-- a graph that is only garbage does not hold the memory
local function forgotten() return (p * buffer):sum():item() end
forgotten()
buffer:add_(1)
equal(buffer, {1, 1})
-- two leaves that get the same gradient do not share it
local a, b = dsrl.zeros(2):requires_grad(), dsrl.zeros(2):requires_grad()
local sum = (a + b):sum()
sum:backward()
a.grad:zero_()
equal(b.grad, {1, 1})
-- a chain much longer than the stack is deep, walked and not walked
for _, walk in ipairs{true, false} do
  local chain = p
  for _ = 1, 100000 do chain = chain + 1 end
  if walk then chain:sum():backward() end
  chain = nil
  collectgarbage()
end
equal(p.grad, {1, 1})

-- Mistakes
check.fails("cannot write shape [2] into shape [3]", function() dsrl.zeros(3):copy_(dsrl.zeros(2)) end)
check.fails("an expanded tensor of shape [3, 2] shares its elements among places", function() dsrl.zeros(2):expand(3, 2):add_(1) end)
check.fails("an index into dimension 2 of shape [2, 3] wants 1 to 3, or -1 to -3 from the end, got 4", function() return t[{1, 4}] end)
check.fails("the range {2, 5} is outside dimension 2 of shape [2, 3], or runs backwards", function() return t[{1, {2, 5}}] end)
check.fails("a range wants a positive step, got -1", function() return t[{1, {1, 2, -1}}] end)
check.fails("a range {first, last, step?} expected, got {1}", function() return t[{{1}}] end)
check.fails("one tensor of indices at a time", function() return t[{dsrl.tensor{1}, dsrl.tensor{1}}] end)
check.fails("a tensor of indices is a vector, got shape [2, 3]", function() return t[t] end)
check.fails("integer, range {first, last}, {} or Tensor of indices expected, got string 'x'", function() return t[{"x"}] end)
check.fails("3 indices into a tensor of 2 dimensions, shape [2, 3]", function() t[{1, 2, 3}] = 0 end)
check.fails("topk wants 0 to 3 elements of dimension 2 of shape [2, 3], got 4", t.topk, t, 4)
check.fails("cannot broadcast shape [2, 3] with [2]", t.lt, t, dsrl.zeros(2))
check.fails("a mask of shape [2] does not fit shape [2, 3]", t.masked_select, t, dsrl.zeros(2))
check.fails("diagonal 4 is outside shape [2, 3]", t.diag, t, 4)
check.fails("dot wants two vectors of one size, got shapes [2, 3] and [2, 3]", t.dot, t, t)
check.fails("tile wants numbers of copies that are not negative, got [-1]", t.tile, t, -1)
check.fails("flip wants each dimension once, got [1, -2]", t.flip, t, 1, -2)
check.fails("randint wants low <= high", dsrl.randint, {1}, 2, 1)
check.fails("a permutation wants 0 to 2^24 numbers, got -1", dsrl.randperm, -1)

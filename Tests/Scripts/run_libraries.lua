local dsrl, check = require "dsrl", require "check"

-- Statistics: by hand
check.near(dsrl.stats.mean{1, 2, 6}, 3)
check.near(dsrl.stats.std{1, 3}, math.sqrt(2))
check.near(dsrl.stats.median{5, 1, 2}, 2)
check.near(dsrl.stats.quantile({0, 10}, 0.25), 2.5)
check.near(dsrl.stats.iqm{-100, 1, 3, 100}, 2)
local low, high = table.unpack(dsrl.stats.wilson(5, 10))
check.near(low + high, 1)
check.near(low, 0.23659309051256405, 1e-9)
local interval = dsrl.stats.bootstrap({1, 2, 3, 4}, {seed = 1, resamples = 2000})
assert(1 <= interval[1] and interval[1] < 2.5 and 2.5 < interval[2] and interval[2] <= 4)
assert(dsrl.stats.bootstrap({1, 2, 3, 4}, {seed = 1, resamples = 2000})[1] == interval[1])
check.fails("unknown option 'resample' (did you mean 'resamples'?)", dsrl.stats.bootstrap, {1}, {resample = 1})
check.fails("element 2: number expected, got string 'x'", dsrl.stats.mean, {1, "x"})
check.fails("at least one number", dsrl.stats.mean, {})

-- JSON: there and back
local path = dsrl.run.path("value.json")
local value = {name = "a\"b\n", list = {1, 2.5, -3}, flag = true, deep = {{x = 1}, {x = 2}}, large = 1e300}
dsrl.json.write(path, value)
local back = dsrl.json.read(path)
assert(back.name == value.name and back.flag == true and back.large == 1e300 and #back.list == 3 and back.list[2] == 2.5)
assert(math.type(back.list[1]) == "integer" and back.deep[2].x == 2)
assert(dsrl.json.text{} == "{}" and dsrl.json.text{1, "x"} == '[1, "x"]' and dsrl.json.parse("null") == nil)
check.fails("both", dsrl.json.text, {1, x = 2})
check.fails("no form for a function", dsrl.json.text, {print})
check.fails("missing.json", dsrl.json.read, "missing.json")

-- Pictures
local figure = dsrl.plot.figure{
  title = "steps", xlabel = "x", xlog = true, series = {
    {label = "band", x = {1, 10, 100}, y = {1, 2, 3}, low = {0, 1, 2}, high = {2, 3, 4}}, {label = "points", x = {1, 10}, y = {3, 1}, style = "points"},
    {label = "paths", trajectories = {{x = {1, 2}, y = {1, 2}, color = 0.5}}},
  },
}
assert(figure:write(dsrl.run.path("steps.svg")) == figure)
local file <close> = assert(io.open(dsrl.run.path("steps.svg")))
assert(file:read("a"):find("<svg", 1, true))
assert(tostring(figure):find("band, points, paths", 1, true))
assert(select(2, dsrl.plot.line({1, 2}, {3, 4}):text(40, 10):gsub("\n", "\n")) >= 7)
check.fails("series 1: unknown option 'lable' (did you mean 'label'?)", dsrl.plot.figure, {series = {{x = {1}, y = {1}, lable = "a"}}})
check.fails("'style' must be one of", dsrl.plot.figure, {series = {{x = {1}, y = {1}, style = "dots"}}})
check.fails("unknown option 'titel'", dsrl.plot.figure, {titel = "x", series = {}})
check.fails("ends in .svg or .png", figure.write, figure, "steps.gif")

-- The run
assert(dsrl.run.seed == 0 and dsrl.version and dsrl.clock() <= dsrl.clock())
check.fails("written by itself", dsrl.run.log, 1, {["time/total_timesteps"] = 1})
assert(dsrl.threads(1) == 1 and dsrl.threads() == 1)
check.fails("threads wants 1", dsrl.threads, 0)
local bar = dsrl.progress("work", 3)
assert(bar:update(1, {loss = 0.5}) == bar)
bar:finish()
local options = dsrl.options{a = 1, b = {c = "x"}}
assert(options.a == 1 and options.b.c == "x")

using Palisade.Agent;
using Palisade.Dataplane.Tests.World;

namespace Palisade.Dataplane.Tests.Agent;

public sealed class IdleCollectorTests
{
    private const long Megabyte = 1 << 20;

    private readonly MovedTime _time = new();
    private long _allocated;
    private int _collections;

    [Fact]
    public void It_waits_for_quiet()
    {
        var collector = Collector();
        _allocated = 100 * Megabyte;
        for (var i = 0; i < 10; i++)
        {
            _time.Move(TimeSpan.FromSeconds(3));
            collector.Turned(changed: true);
            _time.Move(TimeSpan.FromSeconds(1.9));
            collector.Turned(changed: false);
        }

        Assert.Equal(0, _collections);
        _time.Move(TimeSpan.FromSeconds(0.1));
        collector.Turned(changed: false);
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void It_collects_what_is_worth_it_and_not_too_often()
    {
        var collector = Collector();
        _time.Move(TimeSpan.FromSeconds(60));
        _allocated = 15 * Megabyte;
        collector.Turned(changed: false);
        Assert.Equal(0, _collections);
        _allocated = 16 * Megabyte;
        collector.Turned(changed: false);
        collector.Turned(changed: false);
        Assert.Equal(1, _collections);

        _allocated = 40 * Megabyte;
        _time.Move(TimeSpan.FromSeconds(9.9));
        collector.Turned(changed: false);
        Assert.Equal(1, _collections);
        _time.Move(TimeSpan.FromSeconds(0.1));
        collector.Turned(changed: false);
        Assert.Equal(2, _collections);
        _time.Move(TimeSpan.FromSeconds(60));
        collector.Turned(changed: false);
        Assert.Equal(2, _collections);
    }

    private IdleCollector Collector() => new(_time, () => _allocated, () => _collections++);
}

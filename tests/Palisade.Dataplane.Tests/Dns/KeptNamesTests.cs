using System.Collections.Immutable;
using Palisade.Dataplane.Dns;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>What one agent learned of names, as the next one reads it.</summary>
public sealed class KeptNamesTests
{
    private static readonly Address Resolver = Address.Parse("10.96.0.10");
    private static readonly DateTimeOffset Noon = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly KeptName Www = new("www.example.com", Address.Parse("203.0.113.80"), Noon.AddSeconds(60));
    private static readonly KeptName Old = new("old.example.com", Address.Parse("2001:db8::1"), null);

    [Fact]
    public void What_is_written_is_read()
    {
        var text = NameFile.Write([Www, Old], [Resolver]);
        Assert.Equal([Www, Old], NameFile.Read(text, [Resolver]));
        Assert.Null(NameFile.Read(text, [Address.Parse("10.96.0.11")]));
        Assert.Null(NameFile.Read(text, []));
    }

    /// <summary>
    /// Cut off anywhere it is no file; whatever single character is another, nothing odd is believed.
    /// </summary>
    [Fact]
    public void Damage_is_noticed_or_harmless()
    {
        var text = NameFile.Write([Www, Old], [Resolver]);
        for (var length = 0; length < text.Length; length++)
            Assert.Null(NameFile.Read(text[..length], [Resolver]));
        for (var at = 0; at < text.Length; at++)
        {
            foreach (var letter in " \n-x9\0*é")
            {
                var names = NameFile.Read($"{text[..at]}{letter}{text[(at + 1)..]}", [Resolver]) ?? [];
                Assert.True(names.Count is 0 or 2);
                Assert.All(names, name => Assert.Matches("^[a-z0-9_.\\\\-]+$", name.Name));
            }
        }
    }

    [Theory]
    [InlineData("palisade-names 2 10.96.0.10\nend 0\n")]
    [InlineData("palisade-names 1 10.96.0.10\na.example.com 203.0.113.1 99999999999999\nend 1\n")]
    [InlineData("palisade-names 1 10.96.0.10\na.example.com 203.0.113.1 -5\nend 1\n")]
    [InlineData("palisade-names 1 10.96.0.10\nA.example.com 203.0.113.1 5\nend 1\n")]
    [InlineData("palisade-names 1 10.96.0.10\na.example.com 203.0.113.256 5\nend 1\n")]
    [InlineData("palisade-names 1 10.96.0.10\na.example.com 203.0.113.1 5\nend 2\n")]
    public void What_is_not_whole_is_nothing(string text) => Assert.Null(NameFile.Read(text, [Resolver]));

    /// <summary>
    /// Names count when policies mention them, for what is left of their time and at most a day; what is over keeps
    /// connections, and lets none begin.
    /// </summary>
    [Fact]
    public void A_next_agent_knows_what_is_mentioned_for_the_time_that_is_left()
    {
        var time = new MovedTime();
        var learner = new NameLearner([Resolver], time);
        var text = NameFile.Write(
            [
                Www, Old, new("www.example.com", Address.Parse("203.0.113.81"), Noon.AddSeconds(-1)),
                new("other.test", Address.Parse("203.0.113.9"), Noon.AddSeconds(60)),
                new("year.example.com", Address.Parse("203.0.113.82"), Noon.AddYears(1)),
                new("own.example.com", Address.Parse("127.0.0.1"), Noon.AddSeconds(60)),
            ],
            [Resolver]);
        Assert.Equal(6, learner.Restore(text, Noon));
        Assert.Empty(learner.Known);
        time.Move(TimeSpan.FromSeconds(20));
        learner.Mention([Mentions("*.example.com")]);
        learner.TakeChanges();
        Assert.Equal("www.example.com 203.0.113.80, year.example.com 203.0.113.82", Text(learner.Known));
        Assert.Equal("old.example.com 2001:db8::1, www.example.com 203.0.113.81", Text(learner.Former));
        time.Move(TimeSpan.FromSeconds(39));
        learner.TakeChanges();
        Assert.Equal(2, learner.Known.Length);
        time.Move(TimeSpan.FromSeconds(2));
        learner.TakeChanges();
        Assert.Equal("year.example.com 203.0.113.82", Text(learner.Known));
        time.Move(TimeSpan.FromHours(24));
        learner.TakeChanges();
        Assert.Empty(learner.Known);

        // What the next but one is told, once.
        var saved = learner.Save(Noon.AddDays(2));
        Assert.Equal(4, NameFile.Read(saved!, [Resolver])!.Count(name => name.Until is null));
        Assert.Null(learner.Save(Noon.AddDays(2)));
        Assert.Null(learner.Restore("nonsense", Noon));
    }

    private static string Text(ImmutableArray<DomainName> names) =>
        string.Join(", ", names.Select(name => $"{name.Name} {string.Join(' ', name.Addresses)}"));

    private static ClusterNetworkPolicy Mentions(string name) =>
        Tiers.Admin(1, 'a', Tiers.Accept(new DomainNamesPeer([name])));
}

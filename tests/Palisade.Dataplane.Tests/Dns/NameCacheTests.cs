using Palisade.Dataplane.Dns;
using Palisade.Nftables;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>What is kept of names, how long, and how much at most; and which queries wait.</summary>
public sealed class NameCacheTests
{
    private static readonly TimeSpan Begin = TimeSpan.FromSeconds(100);

    [Theory]
    [InlineData("api.example.com", "api.example.com")]
    [InlineData("www.example.com", "*.example.com")]
    [InlineData("a.b.example.com", "*.example.com")]
    [InlineData("a.sub.example.com", "*.sub.example.com")]
    [InlineData("example.com", null)]
    [InlineData("badexample.com", null)]
    [InlineData("example.com.evil.net", null)]
    public void Wildcards_stand_for_one_or_more_labels_and_never_for_the_name_itself(string name, string? pattern) =>
        Assert.Equal(
            pattern,
            new MentionedNames(["API.example.com.", "*.Example.com", "*.sub.example.com"]).PatternOf(name));

    [Fact]
    public void Addresses_end_with_their_time_and_stay_known_as_former_ones()
    {
        var names = Mentioning("a.example.com");
        Learn(names, "a.example.com", Begin, ("203.0.113.1", 30), ("203.0.113.2", 60));
        Assert.Equal("a.example.com: 203.0.113.1 203.0.113.2", Changes(names));
        names.Expire(Begin + TimeSpan.FromSeconds(29));
        Assert.False(names.HasChanges);
        Assert.Equal(Begin + TimeSpan.FromSeconds(30), names.NextEnd);
        names.Expire(Begin + TimeSpan.FromSeconds(30));
        Assert.Equal("a.example.com: 203.0.113.2", Changes(names));
        Assert.Equal([Address.Parse("203.0.113.1")], Assert.Single(names.Former).Addresses);
        names.Expire(Begin + TimeSpan.FromSeconds(60));
        Assert.Equal("a.example.com: ", Changes(names));
        Assert.Empty(names.Known);
        Assert.Null(names.NextEnd);
    }

    [Fact]
    public void An_address_that_is_told_again_is_no_change_and_stays_longer()
    {
        var names = Mentioning("a.example.com");
        Learn(names, "a.example.com", Begin, ("203.0.113.1", 30));
        names.TakeChanges();
        Learn(names, "a.example.com", Begin + TimeSpan.FromSeconds(20), ("203.0.113.1", 30));
        Learn(names, "a.example.com", Begin + TimeSpan.FromSeconds(21), ("203.0.113.1", 1));
        names.Expire(Begin + TimeSpan.FromSeconds(49));
        Assert.False(names.HasChanges);
        names.Expire(Begin + TimeSpan.FromSeconds(50));
        Assert.True(names.HasChanges);
    }

    [Fact]
    public void Times_have_bounds()
    {
        var names = Mentioning("a.example.com", "b.example.com");
        Learn(names, "a.example.com", Begin, ("203.0.113.1", 0));
        Learn(names, "b.example.com", Begin, ("203.0.113.2", int.MaxValue));
        names.Expire(Begin + NameCache.LeastLifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(2, names.Known.Length);
        names.Expire(Begin + NameCache.LeastLifetime);
        Assert.Equal("b.example.com", Assert.Single(names.Known).Name);
        names.Expire(Begin + NameCache.GreatestLifetime);
        Assert.Empty(names.Known);
    }

    [Fact]
    public void Only_what_is_mentioned_is_kept_and_only_while_it_is()
    {
        var names = Mentioning("*.example.com");
        Learn(names, "a.example.net", Begin, ("203.0.113.1", 30));
        Assert.False(names.HasChanges);
        Learn(names, "a.example.com", Begin, ("203.0.113.1", 30));
        names.TakeChanges();
        names.Mention(new(["b.example.com"]));
        Assert.Equal("a.example.com: ", Changes(names));
        Assert.Empty(names.Former);
    }

    [Fact]
    public void Nobodys_addresses_are_not_learned()
    {
        var names = Mentioning("a.example.com");
        Learn(
            names, "a.example.com", Begin, ("0.0.0.0", 30), ("127.0.0.1", 30), ("224.0.0.1", 30),
            ("255.255.255.255", 30), ("::", 30), ("::1", 30), ("ff02::1", 30));
        Assert.False(names.HasChanges);
    }

    [Fact]
    public void A_name_has_hundreds_of_addresses_and_a_wildcard_a_bounded_number_of_names()
    {
        var names = Mentioning("*.example.com", "b.example.net");
        Learn(
            names, "b.example.net", Begin,
            [.. Enumerable.Range(0, 700).Select(i => ($"198.51.{i / 250}.{i % 250}", 30))]);
        Assert.Equal(NameCache.MostAddressesOfName, Assert.Single(names.Known).Addresses.Length);
        for (var i = 0; i < 3000; i++)
            Learn(names, $"x{i}.example.com", Begin + TimeSpan.FromSeconds(i / 100.0), ("203.0.113.1", 300));
        Assert.Equal(NameCache.MostNamesOfPattern + 1, names.Known.Length);
        Assert.Contains(names.Known, name => name.Name == "b.example.net");
        Assert.Contains(names.Known, name => name.Name == "x2999.example.com");
    }

    [Fact]
    public void A_query_is_answered_once_by_what_fits_it_and_in_time()
    {
        var table = new QueryTable();
        var flow = new DnsFlow(PacketAddress.Parse("10.0.0.1"), 4000, PacketAddress.Parse("10.96.0.10"), false);
        var question = new DnsQuestion("a.example.com", 1);
        Assert.True(table.Ask(flow, 7, question, Begin));
        Assert.False(table.Answer(flow with { Port = 4001 }, 7, question, Begin));
        Assert.False(table.Answer(flow with { IsTcp = true }, 7, question, Begin));
        Assert.False(table.Answer(flow with { Resolver = PacketAddress.Parse("10.96.0.11") }, 7, question, Begin));
        Assert.False(table.Answer(flow with { Pod = PacketAddress.Parse("10.0.0.2") }, 7, question, Begin));
        Assert.False(table.Answer(flow, 8, question, Begin));
        Assert.False(table.Answer(flow, 7, question with { Type = 28 }, Begin));
        Assert.False(table.Answer(flow, 7, question with { Name = "b.example.com" }, Begin));
        Assert.True(table.Answer(flow, 7, question, Begin));
        Assert.False(table.Answer(flow, 7, question, Begin), "only once");
        table.Ask(flow, 7, question, Begin);
        Assert.False(table.Answer(flow, 7, question, Begin + QueryTable.Patience), "too late");
    }

    [Fact]
    public void A_pod_that_asks_without_end_silences_only_itself()
    {
        var table = new QueryTable();
        var question = new DnsQuestion("a.example.com", 1);
        var flood = new DnsFlow(PacketAddress.Parse("10.0.0.1"), 4000, PacketAddress.Parse("10.96.0.10"), false);
        for (var i = 0; i < 100_000; i++)
            table.Ask(flood with { Port = (ushort)(i % 60_000) }, 7, question, Begin);
        Assert.Equal(QueryTable.MostOfPod, table.Count);
        Assert.True(table.Ask(flood with { Pod = PacketAddress.Parse("10.0.0.2") }, 7, question, Begin));
        Assert.True(table.Ask(flood, 7, question, Begin + QueryTable.Patience), "its time is over");
    }

    private static NameCache Mentioning(params string[] patterns)
    {
        var names = new NameCache();
        names.Mention(new(patterns));
        return names;
    }

    private static void Learn(
        NameCache names, string name, TimeSpan now, params (string Address, int Seconds)[] addresses) =>
        names.Learn(name, addresses.Select(a => (Address.Parse(a.Address), TimeSpan.FromSeconds(a.Seconds))), now);

    private static string Changes(NameCache names) => string.Join("; ", names.TakeChanges().Select(Text));

    private static string Text(DomainName name) => $"{name.Name}: {string.Join(' ', name.Addresses)}";
}

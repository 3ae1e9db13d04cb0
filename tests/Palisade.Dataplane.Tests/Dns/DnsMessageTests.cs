using CsCheck;
using Palisade.Dataplane.Dns;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>What is read from messages, good and bad.</summary>
public sealed class DnsMessageTests
{
    [Fact]
    public void An_answer_gives_the_addresses_of_the_name_that_was_asked_for()
    {
        var message = Parsed(DnsWire.Answer(
            7, "API.Example.com", DnsWire.A, DnsWire.Address("API.Example.com", "203.0.113.7", 60),
            DnsWire.Address("other.example.com", "203.0.113.8"), DnsWire.Address("api.example.com", "2001:db8::7")));
        Assert.Equal((7, true), (message.Id, message.IsAnswer));
        Assert.Equal(new("api.example.com", DnsWire.A), message.Question);
        Assert.Equal([(Address.Parse("203.0.113.7"), TimeSpan.FromSeconds(60))], message.Addresses());
    }

    [Fact]
    public void Aliases_lead_to_addresses_which_are_believed_as_long_as_all_of_them()
    {
        var message = Parsed(DnsWire.Answer(
            7, "www.example.com", DnsWire.Aaaa, DnsWire.Cname("cdn.example.net", "pop.example.org", 20),
            DnsWire.Address("pop.example.org", "2001:db8::1", 300),
            DnsWire.Cname("www.example.com", "CDN.example.net", 90),
            DnsWire.Address("stray.example.org", "2001:db8::2", 300)));
        Assert.Equal([(Address.Parse("2001:db8::1"), TimeSpan.FromSeconds(20))], message.Addresses());
    }

    [Fact]
    public void Aliases_in_a_circle_end()
    {
        var message = Parsed(DnsWire.Answer(
            7, "a.example.com", DnsWire.A, DnsWire.Cname("a.example.com", "b.example.com"),
            DnsWire.Cname("b.example.com", "a.example.com"), DnsWire.Address("b.example.com", "203.0.113.1")));
        Assert.Equal([Address.Parse("203.0.113.1")], message.Addresses().Select(pair => pair.Address));
    }

    [Theory]
    [InlineData(0x8183)]   // no such name
    [InlineData(0x8182)]   // the server failed
    public void A_refusal_gives_none(int flags) => Assert.Empty(Parsed(DnsWire.Message(
        7, (ushort)flags, "a.example.com", DnsWire.A, DnsWire.Address("a.example.com", "203.0.113.1"))).Addresses());

    [Fact]
    public void What_is_cut_off_must_say_so()
    {
        var whole = DnsWire.Answer(
            7, "a.example.com", DnsWire.A, DnsWire.Address("a.example.com", "203.0.113.1"),
            DnsWire.Address("a.example.com", "203.0.113.2"));
        Assert.False(DnsMessage.TryParse(whole.AsSpan(0, whole.Length - 3), out _));
        whole[2] |= 0x02;
        Assert.True(DnsMessage.TryParse(whole.AsSpan(0, whole.Length - 3), out var cut));
        Assert.Equal([Address.Parse("203.0.113.1")], cut.Addresses().Select(pair => pair.Address));
    }

    [Fact]
    public void Pointers_that_lead_forward_or_to_themselves_are_refused()
    {
        byte[] self = [0, 0, 0xc0, 2];
        byte[] forward = [0xc0, 2, 1, (byte)'a', 0];
        byte[] circle = [1, (byte)'a', 0xc0, 0];
        foreach (var (bytes, begin) in new[] { (self, 2), (forward, 0), (circle, 0) })
        {
            var at = begin;
            Assert.False(DnsName.TryRead(bytes, ref at, out _));
            Assert.Equal(begin, at);
        }

        byte[] back = [1, (byte)'b', 0, 1, (byte)'a', 0xc0, 0, 9];
        var from = 3;
        Assert.True(DnsName.TryRead(back, ref from, out var name));
        Assert.Equal(("a.b", 7), (name, from));
    }

    [Fact]
    public void A_dot_inside_a_label_is_no_border_of_labels()
    {
        byte[] odd = [13, .. "evil.example."u8, 3, .. "com"u8, 0];
        var at = 0;
        Assert.True(DnsName.TryRead(odd, ref at, out var name));
        Assert.Equal("evil\\046example\\046.com", name);
    }

    [Fact]
    public void Names_have_at_most_255_bytes()
    {
        var label = new string('a', 49);
        var at = 0;
        Assert.True(DnsName.TryRead(DnsWire.Name(string.Join('.', Enumerable.Repeat(label, 5))), ref at, out _));
        at = 0;
        Assert.False(DnsName.TryRead(DnsWire.Name(string.Join('.', Enumerable.Repeat(label, 6))), ref at, out _));
    }

    /// <summary>Junk, and good messages with some bytes changed: it ends, it throws nothing.</summary>
    [Fact]
    public void Whatever_the_bytes_are_reading_ends_without_an_exception()
    {
        var good = DnsWire.Answer(
            7, "www.example.com", DnsWire.A, DnsWire.Cname("www.example.com", "cdn.example.net"),
            DnsWire.Address("cdn.example.net", "203.0.113.1"));
        Gen.Byte.Array[0, 600].Sample(bytes => Read(bytes), iter: 20_000);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 6].Sample(
            changes =>
            {
                var bytes = good.ToArray();
                foreach (var (at, value) in changes)
                    bytes[at] = value;
                Read(bytes);
                for (var length = 0; length < bytes.Length; length++)
                    Read(bytes[..length]);
            },
            iter: 5_000);
    }

    private static void Read(byte[] bytes)
    {
        if (DnsMessage.TryParse(bytes, out var message))
            Assert.All(message.Addresses(), pair => Assert.True(pair.Lifetime >= TimeSpan.Zero));
    }

    private static DnsMessage Parsed(byte[] bytes)
    {
        Assert.True(DnsMessage.TryParse(bytes, out var message));
        return message;
    }
}

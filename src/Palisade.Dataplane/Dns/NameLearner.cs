using System.Buffers.Binary;
using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Packets;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Dns;

/// <summary>
/// Learns which addresses the names have that policies mention, from the answers that local pods get from the
/// configured
/// resolvers to what they asked (ADR 20). Packets come from a thread that listens, changes go to another.
/// </summary>
public sealed class NameLearner
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const ushort Port = 53;
    private readonly Lock _lock = new();
    private readonly QueryTable _queries = new();
    private readonly DnsStreams _streams = new();
    private readonly NameCache _names = new();
    private readonly HashSet<PacketAddress> _resolvers;
    private readonly ImmutableArray<Address> _addresses;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private MentionedNames _mentioned = new([]);
    private IReadOnlyList<KeptName> _restored = [];
    private TimeSpan _restoredAt;
    private DateTimeOffset _restoredNow;
    private long _saved;

    /// <param name="resolvers">Whose answers are believed: as pods have them in their resolv.conf.</param>
    /// <param name="time">What measures.</param>
    public NameLearner(ImmutableArray<Address> resolvers, TimeProvider time)
    {
        _addresses = resolvers;
        _resolvers = [.. resolvers.Select(PacketWords.InPackets)];
        _time = time;
        _origin = time.GetTimestamp();
    }

    /// <summary>Whether there is something to learn: some policy mentions names, and somebody is believed.</summary>
    public bool IsNeeded
    {
        get
        {
            lock (_lock)
                return !_mentioned.IsEmpty && _resolvers.Count > 0;
        }
    }

    /// <summary>Whether some policy mentions names.</summary>
    public bool HasMentions
    {
        get
        {
            lock (_lock)
                return !_mentioned.IsEmpty;
        }
    }

    /// <summary>When <see cref="TakeChanges"/> has something new; null: not before another answer.</summary>
    public TimeSpan? Due
    {
        get
        {
            lock (_lock)
            {
                if (_names.HasChanges)
                    return TimeSpan.Zero;
                return _names.NextEnd is { } end ? end > Now ? end - Now : TimeSpan.Zero : null;
            }
        }
    }

    /// <summary>All that is known now.</summary>
    public ImmutableArray<DomainName> Known
    {
        get
        {
            lock (_lock)
                return _names.Known;
        }
    }

    /// <summary>Addresses that names had: connections to them go on, new ones do not begin.</summary>
    public ImmutableArray<DomainName> Former
    {
        get
        {
            lock (_lock)
                return _names.Former;
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>The settings to lower with: what pods and resolvers say is listened to only while it is
    /// needed.</summary>
    public NodeSettings For(NodeSettings settings) =>
        settings with { Resolvers = IsNeeded ? _addresses : [] };

    /// <summary>The names in these policies are the ones to learn from now on.</summary>
    public void Mention(IEnumerable<ClusterNetworkPolicy> policies)
    {
        var mentioned = new MentionedNames(policies.SelectMany(policy => policy.MentionedNames));
        lock (_lock)
        {
            if (mentioned.Equals(_mentioned))
                return;
            _mentioned = mentioned;
            _names.Mention(mentioned);
            TakeRestored();
        }
    }

    /// <summary>Longer texts are not worth reading.</summary>
    public const long LongestSaved = NameFile.MostBytes;

    /// <summary>What is known, for the next agent; null: it is what was saved last.</summary>
    /// <param name="now">The time of day.</param>
    public string? Save(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_names.Version == _saved)
                return null;
            _saved = _names.Version;
            var clock = Now;
            return NameFile.Write(
                _names.All.Select(kept => new KeptName(kept.Name, kept.Address, now + (kept.End - clock))), _addresses);
        }
    }

    /// <summary>
    /// Takes in what another agent saved: names count as soon as policies mention them, those whose time is over as
    /// former ones.
    /// </summary>
    /// <param name="saved">What <see cref="Save"/> gave.</param>
    /// <param name="now">The time of day.</param>
    /// <returns>How many addresses; null: it is damaged, or of other resolvers, and nothing is taken.</returns>
    public int? Restore(string saved, DateTimeOffset now)
    {
        if (NameFile.Read(saved, _addresses) is not { } kept)
            return null;
        lock (_lock)
        {
            (_restored, _restoredAt, _restoredNow) = (kept, Now, now);
            TakeRestored();
        }

        return kept.Count;
    }

    private void TakeRestored()
    {
        if (_mentioned.IsEmpty)
            return;
        var now = _restoredNow + (Now - _restoredAt);
        foreach (var (name, address, until) in _restored)
        {
            if (until > now)
                _names.Learn(name, [(address, until.Value - now)], Now);
            else
                _names.Remember(name, address);
        }

        _restored = [];
    }

    /// <summary>
    /// The names whose addresses changed since the last call, by answers or by time; without addresses: none any more.
    /// </summary>
    public ImmutableArray<DomainName> TakeChanges()
    {
        lock (_lock)
        {
            _names.Expire(Now);
            return _names.TakeChanges();
        }
    }

    /// <summary>Looks at a packet between a local pod and a resolver; others, and junk, teach nothing.</summary>
    /// <returns>Whether there are changes.</returns>
    public bool Take(LoggedPacket packet)
    {
        var bytes = packet.Payload.Span;
        if (!PacketHead.TryParse(bytes, out var head) || head is not { HasPorts: true, TransportOffset: { } at })
            return false;
        // Cut off packets say less than they seem to; behind their end there may be padding.
        var transport = bytes[at..Math.Min(bytes.Length, Math.Max(at, head.Length))];
        var isQuery = packet.Hook == NftHook.Prerouting && head.DestinationPort == Port
            && _resolvers.Contains(head.Destination);
        var isAnswer = packet.Hook == NftHook.Postrouting && head.SourcePort == Port
            && _resolvers.Contains(head.Source);
        if (isQuery == isAnswer)
            return false;
        var flow = isAnswer
            ? new DnsFlow(head.Destination, head.DestinationPort, head.Source, head.Protocol == Tcp)
            : new DnsFlow(head.Source, head.SourcePort, head.Destination, head.Protocol == Tcp);
        lock (_lock)
        {
            if (head.Protocol == Udp && transport.Length > 8)
                Read(flow, isAnswer, transport[8..]);
            else if (head.Protocol == Tcp)
                ReadSegment(flow, isAnswer, head.TcpFlags, transport);
            return _names.HasChanges;
        }
    }

    /// <summary>sequence u32 at 4 · header length in its high 4 bits, in words of 4 bytes, at 12 (RFC 9293
    /// §3.1).</summary>
    private void ReadSegment(DnsFlow flow, bool isAnswer, TcpFlags flags, ReadOnlySpan<byte> segment)
    {
        const int LeastHeader = 20;
        var header = segment.Length < LeastHeader ? 0 : (segment[12] >> 4) * 4;
        if (header < LeastHeader || header > segment.Length)
            return;
        var sequence = BinaryPrimitives.ReadUInt32BigEndian(segment[4..]);
        if ((flags & TcpFlags.Syn) != 0)
        {
            _streams.Begin(flow, isAnswer, unchecked(sequence + 1), Now);
            return;
        }

        foreach (var message in _streams.Take(flow, isAnswer, sequence, segment[header..], Now))
            Read(flow, isAnswer, message);
        if ((flags & (TcpFlags.Fin | TcpFlags.Reset)) != 0)
            _streams.End(flow, isAnswer);
    }

    private void Read(DnsFlow flow, bool isAnswer, ReadOnlySpan<byte> bytes)
    {
        if (!DnsMessage.TryParse(bytes, out var message) || message.IsAnswer != isAnswer
            || _mentioned.PatternOf(message.Question.Name) is null)
            return;
        if (!isAnswer)
            _queries.Ask(flow, message.Id, message.Question, Now);
        else if (_queries.Answer(flow, message.Id, message.Question, Now))
            _names.Learn(message.Question.Name, message.Addresses(), Now);
    }
}

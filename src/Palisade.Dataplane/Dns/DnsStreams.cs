namespace Palisade.Dataplane.Dns;

/// <summary>
/// The TCP conversations of local pods with resolvers, followed from their first packet on. What is silent for long is
/// forgotten; when there is no room, new ones are not followed.
/// </summary>
internal sealed class DnsStreams
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    public const int MostFlows = 4096;
    public const int MostOfPod = 256;

    /// <summary>Bytes that wait to become messages.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    private readonly Dictionary<(DnsFlow Flow, bool IsAnswer), Followed> _flows = [];
    private long _held;

    private sealed class Followed(DnsStream stream)
    {
        public DnsStream Stream { get; } = stream;

        public TimeSpan Seen { get; set; }
    }

    /// <summary>Directions that are followed.</summary>
    public int Count => _flows.Count;

    /// <summary>A connection begins, in one of its directions.</summary>
    public void Begin(DnsFlow flow, bool isAnswer, uint first, TimeSpan now)
    {
        End(flow, isAnswer);
        if (_flows.Count >= MostFlows)
            Expire(now);
        if (_flows.Count < MostFlows && _flows.Keys.Count(key => key.Flow.Pod == flow.Pod) < MostOfPod)
            _flows[(flow, isAnswer)] = new(new(first)) { Seen = now };
    }

    /// <summary>The messages that become whole by a segment.</summary>
    public IReadOnlyList<byte[]> Take(
        DnsFlow flow, bool isAnswer, uint sequence, ReadOnlySpan<byte> payload, TimeSpan now)
    {
        if (!_flows.TryGetValue((flow, isAnswer), out var followed))
            return [];
        followed.Seen = now;
        var before = followed.Stream.Held;
        var messages = followed.Stream.Take(sequence, payload);
        _held += followed.Stream.Held - before;
        if (followed.Stream.IsBroken || _held > MostBytes)
            End(flow, isAnswer);
        return messages;
    }

    /// <summary>A direction is at its end.</summary>
    public void End(DnsFlow flow, bool isAnswer)
    {
        if (_flows.Remove((flow, isAnswer), out var followed))
            _held -= followed.Stream.Held;
    }

    private void Expire(TimeSpan now)
    {
        foreach (var (key, _) in _flows.Where(pair => pair.Value.Seen + Patience <= now).ToList())
            End(key.Flow, key.IsAnswer);
    }
}

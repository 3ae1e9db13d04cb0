using Palisade.Nftables;

namespace Palisade.Dataplane.Dns;

/// <summary>
/// What local pods have asked resolvers and not been told yet. An answer is believed only if it fits a query in all:
/// pod
/// and its port, resolver, protocol, id, name and type; and only once.
/// </summary>
/// <remarks>
/// Who asks without end silences itself only: a pod has so many queries in that time, answered or not. With <see
/// cref="MostQueries"/> of 300
/// bytes it takes at most 20 MB.
/// </remarks>
internal sealed class QueryTable
{
    /// <summary>Resolvers' clients wait 5 s and ask again, usually twice (resolv.conf(5)).</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public const int MostQueries = 65_536;
    public const int MostOfPod = 4096;

    private readonly Dictionary<(DnsFlow Flow, ushort Id, DnsQuestion Question), TimeSpan> _open = [];
    private readonly Dictionary<PacketAddress, int> _ofPod = [];
    private readonly Queue<((DnsFlow Flow, ushort Id, DnsQuestion Question) Query, TimeSpan End)> _ends = new();

    /// <summary>Queries that wait for an answer.</summary>
    public int Count => _open.Count;

    /// <summary>Notes a query; false when there are too many.</summary>
    public bool Ask(DnsFlow flow, ushort id, DnsQuestion question, TimeSpan now)
    {
        Expire(now);
        var ofPod = _ofPod.GetValueOrDefault(flow.Pod);
        if (_ends.Count >= MostQueries || ofPod >= MostOfPod)
            return false;
        var query = (flow, id, question);
        _ofPod[flow.Pod] = ofPod + 1;
        _open[query] = now + Patience;
        _ends.Enqueue((query, now + Patience));
        return true;
    }

    /// <summary>Whether this was asked and is not yet answered; from now on it is.</summary>
    public bool Answer(DnsFlow flow, ushort id, DnsQuestion question, TimeSpan now)
    {
        Expire(now);
        return _open.Remove((flow, id, question));
    }

    private void Expire(TimeSpan now)
    {
        while (_ends.TryPeek(out var oldest) && oldest.End <= now)
        {
            _ends.Dequeue();
            if (--_ofPod[oldest.Query.Flow.Pod] == 0)
                _ofPod.Remove(oldest.Query.Flow.Pod);
            // Asked again since, it has a later end.
            if (_open.TryGetValue(oldest.Query, out var end) && end <= now)
                _open.Remove(oldest.Query);
        }
    }
}

using System.Globalization;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Packets;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.FlowLog;

/// <summary>
/// Says whose a packet or connection was, and which policy decided: by the tables that were in force, the newest that
/// decides so. One thread's.
/// </summary>
internal sealed class Attribution(
    PolicyHistory history, InterfaceNames interfaces, string node, TimeProvider time)
{
    /// <summary>How long a packet may be under way from its rule to here, when nobody is late.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan WaitEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Explanations are kept: of thousands of rules it takes milliseconds to say what came close.</summary>
    private const int MostKept = 1024;

    private readonly Dictionary<(PolicyView, Connection, Direction), Side> _sides = [];
    private PolicyView? _newest;
    private long _waited;

    /// <summary>A packet that the table has stopped, or would have; null when it is no packet at all.</summary>
    public FlowRecord? Denied(LoggedPacket packet, DropMark mark)
    {
        if (packet.Head is not { } head)
            return null;
        var views = Views();
        var view = views.Count > 0 ? views[0] : null;
        var (from, to) = (PartyOf(view, head.Source), PartyOf(view, head.Destination));
        var record = new FlowRecord
        {
            Time = time.GetUtcNow(),
            Node = node,
            Kind = FlowKind.Denied,
            Dropped = mark.Dropped,
            From = End(view, from, head.Source, SourcePort(head)),
            To = End(view, to, head.Destination, DestinationPort(head)),
            Protocol = ProtocolName(head.Protocol),
            Icmp = IcmpOf(head.Protocol, head.HasPorts ? head.DestinationPort : null),
            Direction = mark.Direction,
            Reason = mark.Reason,
            Generation = view?.Generation ?? 0,
        };
        if (mark is { IsByPolicy: true, Direction: { } direction })
            return ByPolicy(record, head, direction, views);
        return ByPlace(record, packet, mark, view);
    }

    /// <summary>A connection that the table let through; null when it is no business of this node's pods.</summary>
    /// <remarks>
    /// Of a connection between two nodes the one reports it that is reached: it has passed both ends there.
    /// </remarks>
    public FlowRecord? Connection(Flow flow, FlowKind kind)
    {
        if (Views() is not [var view, ..])
            return null;
        var (source, target) = (flow.Original.Source, flow.Reply.Source);
        var (from, to) = (PartyOf(view, source), PartyOf(view, target));
        var ours = to.Kind == PartyKind.Pod ? to.Node == node : from.Kind == PartyKind.Pod && from.Node == node;
        if (!ours)
            return null;
        var isIcmp = flow.Original.IsIcmp;
        var connection = new Connection(
            from, to, PacketWords.ProtocolOf(flow.Original.Protocol), isIcmp ? (ushort)0 : flow.Reply.SourcePort)
        {
            ThroughService = flow.Original.Destination != target,
        };
        var record = new FlowRecord
        {
            Time = time.GetUtcNow(),
            Node = node,
            Kind = kind,
            From = End(view, from, source, isIcmp ? null : flow.Original.SourcePort),
            To = End(view, to, target, isIcmp ? null : flow.Reply.SourcePort),
            Protocol = ProtocolName(flow.Original.Protocol),
            Icmp = isIcmp ? (flow.Original.IcmpType, flow.Original.IcmpCode) : null,
            Generation = view.Generation,
            Counts = kind == FlowKind.Closed && flow.Counts != default ? flow.Counts : null,
        };
        if (kind == FlowKind.Closed)
            return record;
        var sides = new[]
        {
            Explain(view, connection, Direction.Egress), Explain(view, connection, Direction.Ingress),
        };
        return record with { AllowedBy = [.. sides.Select(side => side.AllowedBy).OfType<RuleMatch>()] };
    }

    /// <summary>The tables, newest first. What was explained by those that are gone is forgotten, and they with it.
    /// </summary>
    private IReadOnlyList<PolicyView> Views()
    {
        var views = history.Views;
        if (views.Count > 0 && !ReferenceEquals(views[0], _newest))
        {
            _sides.Clear();
            _newest = views[0];
        }

        return views;
    }

    private FlowRecord ByPolicy(
        FlowRecord record, PacketHead head, Direction direction, IReadOnlyList<PolicyView> views)
    {
        for (var i = 0; i < views.Count; i++)
        {
            var view = views[i];
            var side = Explain(view, ConnectionOf(view, head), direction);
            // What is judged for several pods at once has one counter for all its reasons.
            if (side.Verdict == Verdict.Allow || (side.Reason.ToString() != record.Reason && side.Shared.IsEmpty))
                continue;
            var name = NameOf(view, side.DeniedBy, direction);
            return record with
            {
                Side = side,
                Reason = side.Reason.ToString(),
                RuleName = name,
                Generation = view.Generation,
                From = End(view, PartyOf(view, head.Source), head.Source, record.From?.Port),
                To = End(view, PartyOf(view, head.Destination), head.Destination, record.To?.Port),
                Stale = i > 0 ? Before(views[i - 1]) : Doubt(views, side, head, direction),
                Text = DenyText.Of(side, direction, EndOf(view, head, direction), name),
            };
        }

        if (MayHaveChanged(views) is { } later)
            return ByPolicy(record, head, direction, later);
        var newest = views.Count > 0 ? views[0] : null;
        return record with
        {
            Stale = newest is null ? "denied by the table that was there before this agent" : Other(newest),
            Text = "no policy that is known here denies it: the table was changed before or just after",
        };
    }

    /// <summary>
    /// The kernel has a table a little before we are told of it; a packet may come in between. Waits for that, but not
    /// for every one of many packets.
    /// </summary>
    private IReadOnlyList<PolicyView>? MayHaveChanged(IReadOnlyList<PolicyView> views)
    {
        if (time.GetElapsedTime(_waited) < WaitEvery)
            return null;
        _waited = time.GetTimestamp();
        Thread.Sleep(UnderWay);
        var later = Views();
        return later.Count > 0 && (views.Count == 0 || !ReferenceEquals(later[0], views[0])) ? later : null;
    }

    private static string NameOf(PolicyView view, RuleMatch? match, Direction direction)
    {
        var policy = match is null ? null
            : view.Snapshot.ClusterNetworkPolicies.FirstOrDefault(policy => policy.Name == match.Policy.Name);
        var rules = direction == Direction.Ingress ? policy?.Ingress : policy?.Egress;
        return match is not null && rules is { } known && match.Rule < known.Length ? known[match.Rule].Name : "";
    }

    private static string Before(PolicyView next) =>
        string.Create(CultureInfo.InvariantCulture, $"denied by the table before generation {next.Generation}");

    /// <summary>Long past, or so new that its policies have not been told yet (see the agent's SnapshotPace).</summary>
    private static string Other(PolicyView known) => string.Create(
        CultureInfo.InvariantCulture, $"denied by the table before or just after generation {known.Generation}");

    /// <summary>A packet that came about when the table changed may have met either.</summary>
    private string? Doubt(IReadOnlyList<PolicyView> views, Side side, PacketHead head, Direction direction)
    {
        if (views.Count < 2 || time.GetElapsedTime(views[0].Since) > UnderWay)
            return null;
        var before = Explain(views[1], ConnectionOf(views[1], head), direction);
        var subject = EndOf(views[1], head, direction);
        var (now, then) = (DenyText.Of(side, direction, subject), DenyText.Of(before, direction, subject));
        return before.Verdict == Verdict.Allow || now == then ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"the table was changed at that moment; before generation {views[0].Generation} this denied it: {then}");
    }

    /// <summary>What policies had no part in: the interface says whose it was.</summary>
    private FlowRecord ByPlace(FlowRecord record, LoggedPacket packet, DropMark mark, PolicyView? view)
    {
        var isOutward = mark.Counter is "no_gate" or "elsewhere" && packet.Hook == NftHook.Postrouting;
        var link = interfaces.Of(isOutward ? packet.OutputIndex : packet.InputIndex);
        var named = mark.Counter is "spoofed" or "rogue_ra" or "rogue_nd" or "no_gate" or "tunnelled" or "elsewhere"
            ? link : null;
        var owner = named is null || view is null ? null : OwnerOf(view, named);
        var who = owner is null ? "" : $" (interface {named}, of {owner.Namespace}/{owner.Name})";
        return record with
        {
            Interface = named,
            // The claimed address may be another's: the sender is whose interface it is.
            From = mark.Counter is "spoofed" or "rogue_ra" or "rogue_nd"
                ? new(record.From!.Address, record.From.Port, owner, owner?.Node ?? node)
                : record.From,
            Text = mark.Says + (who.Length > 0 || named is null ? who : $" (interface {named})"),
        };
    }

    private static Endpoint? OwnerOf(PolicyView view, string link)
    {
        foreach (var route in view.Network.Attached)
        {
            if (route.Interface == link && view.Evaluator.Parties.OfAddress(route.Address) is { Endpoint: >= 0 } party)
                return view.Policy.EndpointAt(party.Endpoint);
        }

        return null;
    }

    private Side Explain(PolicyView view, Connection connection, Direction direction)
    {
        var key = (view, connection, direction);
        if (_sides.TryGetValue(key, out var known))
            return known;
        if (_sides.Count >= MostKept)
            _sides.Clear();
        var explained = view.Evaluator.Explain(connection);
        var side = direction == Direction.Ingress ? explained.Ingress : explained.Egress;
        _sides[key] = side;
        return side;
    }

    private Connection ConnectionOf(PolicyView view, PacketHead head)
    {
        var (from, to) = (PartyOf(view, head.Source), PartyOf(view, head.Destination));
        // What comes back to its sender on the wire came through a service.
        return new(from, to, PacketWords.ProtocolOf(head.Protocol), DestinationPort(head) ?? 0)
        {
            ThroughService = from.Endpoint >= 0 && from.Endpoint == to.Endpoint,
        };
    }

    private string EndOf(PolicyView view, PacketHead head, Direction direction)
    {
        var address = direction == Direction.Ingress ? head.Destination : head.Source;
        return End(view, PartyOf(view, address), address, null).ToString();
    }

    private Party PartyOf(PolicyView? view, PacketAddress address) =>
        view is null ? default : view.Evaluator.Parties.OfAddress(address.InPolicies(), node);

    private static FlowEnd End(PolicyView? view, Party party, PacketAddress address, ushort? port) => new(
        address.ToString(), port,
        view is not null && party.Kind == PartyKind.Pod ? view.Policy.EndpointAt(party.Endpoint) : null,
        party.Node ?? "");

    private static ushort? SourcePort(PacketHead head) =>
        IsIcmp(head.Protocol) || !head.HasPorts ? null : head.SourcePort;

    private static ushort? DestinationPort(PacketHead head) =>
        IsIcmp(head.Protocol) || !head.HasPorts ? null : head.DestinationPort;

    private static (byte, byte)? IcmpOf(byte protocol, ushort? typeAndCode) =>
        IsIcmp(protocol) && typeAndCode is { } both ? ((byte)(both >> 8), (byte)(both & 0xff)) : null;

    private static bool IsIcmp(byte protocol) => protocol is 1 or 58;

    private static string ProtocolName(byte number) => number switch
    {
        1 => "ICMP",
        58 => "ICMPv6",
        _ when PacketWords.ProtocolOf(number) is not Protocol.Other and var known => known.Spelling(),
        _ => number.ToString(CultureInfo.InvariantCulture),
    };
}

using System.Collections.Immutable;
using System.Text;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Frames;

/// <summary>
/// What ports of pods' bridges may say and hear, written down a second time: frames of every kind between all addresses
/// that either side tells apart, and which of them pass.
/// </summary>
internal sealed class PortClaims
{
    private static readonly Cidr LinkLocal = Cidr.Parse("fe80::/10");
    private static readonly Address[] Nobody =
    [
        Address.Parse("198.51.100.77"), Address.Parse("2001:db8:7301::77"), Address.Parse("fe80::7301:77"),
        Address.Parse("0.0.0.0"), Address.Parse("::"), Address.Parse("224.0.0.251"), Address.Parse("ff02::fb"),
    ];

    private readonly PodBridges _bridges;
    private readonly ILookup<string, Address> _sources;
    private readonly ImmutableHashSet<Address> _own;
    private readonly ImmutableHashSet<Address> _taken;
    private readonly Dictionary<string, byte[]> _hardware;
    private readonly HashSet<Address> _addresses;
    private readonly HashSet<string> _ports;
    private readonly List<byte[]> _macs;

    public PortClaims(PodBridges bridges, KernelTable table)
    {
        _bridges = bridges;
        _sources = bridges.Sources.ToLookup(source => source.Interface, source => source.Address);
        _own = [.. bridges.Own];
        _taken = [.. bridges.Sources.Select(source => source.Address), .. _own];
        _hardware = bridges.Hardware.ToDictionary(of => of.Port, of => of.Address.GetAddressBytes());
        _addresses = [.. _taken, .. Nobody];
        _ports = [.. bridges.Ports, .. bridges.Uplinks, .. bridges.Others, "palisade-none"];
        _macs = [.. _hardware.Values];
        foreach (var key in table.Sets.Values.Where(set => set.Opaque is null).SelectMany(set => set.Elements))
            AddBorders(key.First);
    }

    /// <summary>Each frame, the hook that judges it, and whether it passes.</summary>
    public IEnumerable<(Hook Hook, Frame Frame, bool Passes)> All()
    {
        foreach (var port in _ports)
        {
            var arriving = Spoken(port).Select(claim => claim with { Frame = claim.Frame with { Input = port } });
            foreach (var (frame, passes) in arriving)
            {
                yield return (Hook.Prerouting, frame, passes);
                if (passes && IsGuarded(port))
                    yield return (Hook.Prerouting, frame.Tagged(), false);
            }

            var leaving = Heard(port).Select(claim => claim with { Frame = claim.Frame with { Output = port } });
            foreach (var (frame, passes) in leaving)
            {
                yield return (Hook.Postrouting, frame, passes);
                if (passes && IsGuarded(port))
                    yield return (Hook.Postrouting, frame.Tagged(), false);
            }
        }
    }

    /// <summary>The kernel's sets tell ports and addresses apart too: one that is too many lies in them.</summary>
    private void AddBorders(byte[] key)
    {
        var hasName = key.Length > PacketFields.NameLength
            || (key.Length == PacketFields.NameLength && key[^1] == 0 && key[0] is > 0x20 and < 0x7f);
        if (hasName)
            _ports.Add(Encoding.UTF8.GetString(key.AsSpan(0, PacketFields.NameLength)).TrimEnd('\0'));
        var rest = hasName ? key[PacketFields.NameLength..] : key;
        if (rest.Length is 6 or 8)
            _macs.Add(rest[..6]);
        else if (rest.Length is 4 or 16)
            _addresses.Add(Address.FromBytes(rest));
    }

    private bool IsGuarded(string port) => !_bridges.Others.Contains(port) && !_bridges.Uplinks.Contains(port);

    private bool IsClaimed(string port) => _bridges.Ports.Contains(port);

    private IEnumerable<(Frame Frame, bool Passes)> Spoken(string port)
    {
        var mac = _hardware.GetValueOrDefault(port);
        var speaker = _sources[port].FirstOrDefault(
            a => a.Family == AddressFamily.V6 && !LinkLocal.Contains(a), Nobody[1]);
        foreach (var from in _addresses)
        {
            foreach (var to in Ends(from.Family))
                yield return (Frame.Ip(from, to, mac), MaySend(port, from, to));
            if (from.Family == AddressFamily.V4)
                yield return (Frame.Question(from, Nobody[0], mac), MayAsk(port, from));
            else
            {
                yield return (
                    Frame.Ip(speaker, Nobody[6], mac, 136, 255, from), MayAdvertise(port, speaker, from, 255));
            }
        }

        // What the kind of a message decides needs no more than an address of each sort.
        foreach (var from in Sorts(port))
        {
            foreach (var hops in (byte[])[64, 255])
            {
                yield return (
                    Frame.Ip(from, Nobody[6], mac, 136, hops, speaker), MayAdvertise(port, from, speaker, hops));
                foreach (var type in (byte[])[133, 134, 135, 137, 143])
                    yield return (Frame.Ip(from, Nobody[6], mac, type, hops), MayTell(port, from, type, hops));
            }
        }

        foreach (var claim in _macs.Where(other => mac is null || !other.AsSpan().SequenceEqual(mac))
            .SelectMany(other => SpokenAs(port, other)))
            yield return claim;
    }

    private IEnumerable<(Frame Frame, bool Passes)> SpokenAs(string port, byte[] other)
    {
        var from = _sources[port].FirstOrDefault(Nobody[0]);
        var isTaken = _hardware.Values.Any(taken => taken.AsSpan().SequenceEqual(other));
        foreach (var to in _own.Where(own => own.Family == from.Family).Order().Take(1))
            yield return (Frame.Ip(from, to, other), !IsGuarded(port) || (!IsClaimed(port) && !isTaken));
    }

    /// <summary>IPv6: its own, another's, the node's, nobody's.</summary>
    private IEnumerable<Address> Sorts(string port) => _sources[port]
        .Concat(_bridges.Sources.Where(source => source.Interface != port).Select(source => source.Address).Take(4))
        .Concat(_own.Order().TakeLast(2)).Concat(Nobody).Where(address => address.Family == AddressFamily.V6)
        .Distinct();

    /// <summary>Somewhere, and the node.</summary>
    private IEnumerable<Address> Ends(AddressFamily family) => Nobody.Where(a => a.Family == family).Take(1)
        .Concat(_own.Where(own => own.Family == family).Order().TakeLast(1));

    private bool IsLeadingOut(string port) => _bridges.Uplinks.Contains(port);

    private bool MaySend(string port, Address from, Address to)
    {
        if (_bridges.Others.Contains(port))
            return true;
        if (IsLeadingOut(port))
            return !_taken.Contains(from);
        if (IsClaimed(port))
            return _sources[port].Contains(from) || IsLoose(from);
        return !_taken.Contains(from) && !LinkLocal.Contains(from) && _own.Contains(to);
    }

    private bool MayAsk(string port, Address from) => !IsGuarded(port) ? MaySend(port, from, from)
        : IsClaimed(port) ? _sources[port].Contains(from) || from == Nobody[3] : !_taken.Contains(from);

    private bool MayAdvertise(string port, Address speaker, Address target, byte hops)
    {
        if (_bridges.Others.Contains(port))
            return true;
        if (IsLeadingOut(port))
            return !_taken.Contains(speaker) && !_taken.Contains(target);
        if (hops != 255)
            return false;
        return IsClaimed(port)
            ? MaySend(port, speaker, speaker) && (_sources[port].Contains(target) || IsLoose(target))
            : !_taken.Contains(speaker) && !_taken.Contains(target);
    }

    private bool MayTell(string port, Address from, byte type, byte hops)
    {
        if (!IsGuarded(port))
            return MaySend(port, from, from);
        if (type is 134 or 137)
            return false;
        if (!IsClaimed(port))
            return type == 135 && hops == 255 && !_taken.Contains(from);
        return (type == 143 || hops == 255) && (MaySend(port, from, from) || from == Nobody[4]);
    }

    /// <summary>Of the link, and nobody's that is known.</summary>
    private bool IsLoose(Address address) => LinkLocal.Contains(address) && !_taken.Contains(address);

    private IEnumerable<(Frame Frame, bool Passes)> Heard(string port)
    {
        foreach (var own in _own)
            yield return (Frame.Ip(own, Nobody.First(somewhere => somewhere.Family == own.Family)), true);
        foreach (var to in _addresses)
        {
            foreach (var from in Ends(to.Family).Concat(_bridges.Sources.Where(s => s.Interface != port)
                .Select(s => s.Address).Where(a => a.Family == to.Family && !LinkLocal.Contains(a)).Take(1)))
                yield return (Frame.Ip(from, to), MayHear(port, from, to));
            if (to.Family == AddressFamily.V4)
            {
                yield return (Frame.Question(Nobody[0], to), true);
                continue;
            }

            yield return (Frame.Ip(Nobody[2], to), MayHear(port, Nobody[2], to));
            foreach (var type in (byte[])[133, 134, 135, 136, 137])
                yield return (Frame.Ip(Nobody[1], to, null, type, 255), true);
        }
    }

    private bool MayHear(string port, Address from, Address to) => !IsGuarded(port) || _own.Contains(from)
        || (_sources[port].Contains(to) && !LinkLocal.Contains(to) && !LinkLocal.Contains(from));
}

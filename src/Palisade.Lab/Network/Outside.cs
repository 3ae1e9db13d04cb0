using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Servers;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab.Network;

/// <summary>
/// The world outside the cluster: one namespace behind the fabric's default route that becomes the owner of whatever
/// address a probe names, and listens where a probe goes to.
/// </summary>
internal sealed class Outside : IAsyncDisposable
{
    // Every address is a local route of the namespace; the kernel looks them up in a trie, so the bound only limits
    // memory.
    private const int MostAddresses = 65536;

    private readonly AddressPlan _plan;
    private readonly Lock _gate = new();
    private readonly HashSet<IPAddress> _owned = [];
    private readonly Dictionary<(LabPort Port, IPAddress Address), (IAsyncDisposable Server, int Users)> _servers = [];

    private SctpResponder? _sctp;

    /// <summary>Makes the namespace.</summary>
    public Outside(AddressPlan plan)
    {
        _plan = plan;
        Namespace = LabNamespaces.CreateHost("outside");
    }

    /// <summary>Where it lives.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>Becomes the fabric's default route.</summary>
    public void ConnectTo(NetworkNamespace fabric)
    {
        Wire.Lay(fabric, "outside", Namespace, _plan.Outside, null).Open();
        fabric.Run(() =>
        {
            using var routing = new RtSocket();
            foreach (var address in _plan.Outside.All)
            {
                var any = address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
                routing.AddRoute(
                    new Route(new IPNetwork(any, 0)) { Gateway = address, Device = "outside", OnLink = true });
            }
        });
    }

    /// <summary>Makes the outside the owner of an address.</summary>
    /// <exception cref="LabException">It cannot be: multicast, loopback, too many.</exception>
    public void Own(IPAddress address)
    {
        lock (_gate)
        {
            if (_owned.Contains(address) || _plan.Outside.All.Contains(address))
                return;
            if (_owned.Count >= MostAddresses)
                throw new LabException(
                    $"the outside owns {MostAddresses} addresses already; start `up` again for more");
            try
            {
                Namespace.Run(() =>
                {
                    using var routing = new RtSocket();
                    routing.AddAddress("lo", address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
                    LocalAddress.Await(routing, address);
                });
            }
            catch (KernelException refusal)
            {
                throw new LabException($"no host outside can have the address {address}: {refusal.Message}", refusal);
            }

            _owned.Add(address);
        }
    }

    /// <summary>
    /// Starts to answer SCTP on every port of every address. Stays: it binds no port that others could want.
    /// </summary>
    public void AnswerSctp()
    {
        lock (_gate)
            _sctp ??= Namespace.Run(() => new SctpResponder(null, _plan.HasIPv6));
    }

    /// <summary>Listens on an owned address until <see cref="ReleaseAsync"/>, called as often as this.</summary>
    public void Listen(IPAddress address, LabPort port, string? name = null)
    {
        lock (_gate)
        {
            var key = (port, address);
            if (!_servers.TryGetValue(key, out var server))
                server = (Namespace.Run(() => BuiltInServer.Open(address, port, name ?? $"ip:{address}")), 0);
            _servers[key] = (server.Server, server.Users + 1);
        }
    }

    /// <summary>Ends one use of a listener, and the listener with the last.</summary>
    public async ValueTask ReleaseAsync(IPAddress address, LabPort port)
    {
        IAsyncDisposable idle;
        lock (_gate)
        {
            var key = (port, address);
            var (server, users) = _servers[key];
            if (users > 1)
            {
                _servers[key] = (server, users - 1);
                return;
            }

            _servers.Remove(key);
            idle = server;
        }

        await idle.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_sctp is not null)
            await _sctp.DisposeAsync();
        Namespace.Dispose();
    }
}

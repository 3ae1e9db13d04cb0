using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Connect;

namespace Palisade.Lab.Services;

/// <summary>Where a client connects that wants a Service: what the cluster's DNS would have told it.</summary>
internal static class ServiceTarget
{
    /// <summary>
    /// The cluster address and the Service's own port; of a headless Service one of its endpoints, and the port there
    /// (as SRV says it: nothing translates it).
    /// </summary>
    /// <exception cref="LabException">There is no such address or port.</exception>
    public static (IPAddress Address, ushort Port) Choose(
        ServiceView view, LabService service, int family, ProbeProtocol protocol, ushort port)
    {
        if (service.ExternalName is { } name)
            throw new LabException($"svc:{service.Key} stands for {name}, outside the cluster");
        var of = family == 6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        if (!service.IsHeadless)
        {
            var address = service.Addresses.FirstOrDefault(a => a.AddressFamily == of)
                ?? throw new LabException($"svc:{service.Key} has no IPv{family} address");
            return (address, port);
        }

        var number = protocol switch { ProbeProtocol.Udp => 17, ProbeProtocol.Sctp => 132, _ => 6 };
        var targets = service.Ports.Where(p => p.Number == port && p.Protocol == number)
            .SelectMany(p => view.Targets(service, p, of)).ToList();
        return targets.Count > 0
            ? targets[Random.Shared.Next(targets.Count)]
            : throw new LabException($"svc:{service.Key} is headless, and no ready pod is behind port {port}");
    }
}

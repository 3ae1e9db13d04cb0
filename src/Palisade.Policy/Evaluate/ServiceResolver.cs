using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// A pod behind a Service port: its index in the snapshot's endpoints, and the port there after DNAT.
/// </summary>
public readonly record struct Backend(int Endpoint, ushort Port);

/// <summary>
/// What is behind a Service port. Problem says why there is nothing, for people; null when there are backends.
/// </summary>
public sealed record ServiceAnswer(Service? Service, ImmutableArray<Backend> Backends, string? Problem);

/// <summary>
/// Resolves Services to pods, as a Service's EndpointSlices would; policies judge pod address and target port, never
/// the Service's.
/// </summary>
public sealed class ServiceResolver(ClusterSnapshot snapshot)
{
    /// <summary>
    /// The pods behind a Service port. A named target port is resolved on each pod by name and protocol; pods that do
    /// not declare it,
    /// and pods without an address of the family, are left out.
    /// </summary>
    public ServiceAnswer Resolve(string ns, string name, ushort port, Protocol protocol, AddressFamily family)
    {
        var service = snapshot.Services.FirstOrDefault(s => s.Namespace == ns && s.Name == name);
        if (service is null)
            return new(null, [], $"there is no Service {ns}/{name}");
        var ports = service.Ports.Where(p => p.Port == port && p.Protocol == protocol);
        var found = ports.Select(p => (ServicePort?)p).FirstOrDefault();
        if (found is not { } servicePort)
            return new(service, [], $"Service {ns}/{name} has no port {port}/{protocol.Spelling()}");
        if (service.Selector is not { } selector)
            return new(service, [], $"Service {ns}/{name} has no selector, so its backends are not known");
        var backends = ImmutableArray.CreateBuilder<Backend>();
        for (var i = 0; i < snapshot.Endpoints.Length; i++)
        {
            var pod = snapshot.Endpoints[i];
            var behind = pod.Namespace == ns && selector.Matches(pod.Labels) && pod.AddressOf(family) is not null;
            if (behind && Target(servicePort, pod) is { } target)
                backends.Add(new(i, target));
        }

        var problem = backends.Count > 0 ? null
            : $"no pod with an IPv{(int)family} address is behind port {port}/{protocol.Spelling()}"
                + $" of Service {ns}/{name}";
        return new(service, backends.ToImmutable(), problem);
    }

    private static ushort? Target(ServicePort port, Endpoint pod)
    {
        if (port.TargetName is null)
            return port.TargetNumber;
        foreach (var declared in pod.NamedPorts)
        {
            if (declared.Name == port.TargetName && declared.Protocol == port.Protocol)
                return declared.Number;
        }

        return null;
    }
}

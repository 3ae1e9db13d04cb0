using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Cli.Input;

/// <summary>What an endpoint on the command line or in a PolicyTest names.</summary>
internal enum EndpointForm
{
    /// <summary>ns/pod.</summary>
    Pod,

    /// <summary>ns/Kind/name: any pod of a workload.</summary>
    Workload,

    /// <summary>ip:ADDR.</summary>
    Address,

    /// <summary>node:NAME.</summary>
    Node,

    /// <summary>svc:ns/name; the port is then the service's.</summary>
    Service,
}

/// <summary>An endpoint as written: ns/pod, ns/Kind/name, ip:ADDR, node:NAME, svc:ns/name.</summary>
internal sealed record EndpointText(EndpointForm Form, string Namespace, string Kind, string Name, Address Address)
{
    private const string Forms = "write ns/pod, ns/Kind/name, ip:ADDRESS, node:NAME or svc:ns/name";

    /// <summary>Reads an endpoint; a bare name is a pod of the namespace default.</summary>
    /// <exception cref="Output.BadInputException">The text is none of the forms.</exception>
    public static EndpointText Parse(string text)
    {
        // The command line hands an option it does not know over as an argument.
        if (text.StartsWith('-'))
            throw new Output.BadInputException($"unknown option {text}; --help lists them");
        if (text.StartsWith("ip:", StringComparison.Ordinal))
        {
            return Address.TryParse(text[3..], out var address)
                ? new(EndpointForm.Address, "", "", "", address)
                : throw new Output.BadInputException($"\"{text}\": \"{text[3..]}\" is not an IP address");
        }

        if (text.StartsWith("node:", StringComparison.Ordinal))
        {
            return text.Length > 5 && !text.Contains('/')
                ? new(EndpointForm.Node, "", "", text[5..], default)
                : throw new Output.BadInputException($"\"{text}\" is not an endpoint: {Forms}");
        }

        var service = text.StartsWith("svc:", StringComparison.Ordinal);
        var parts = (service ? text[4..] : text).Split('/');
        if (parts.Any(part => part.Length == 0) || parts.Length > (service ? 2 : 3))
            throw new Output.BadInputException($"\"{text}\" is not an endpoint: {Forms}");
        return (service, parts.Length) switch
        {
            (true, 1) => new(EndpointForm.Service, "default", "", parts[0], default),
            (true, _) => new(EndpointForm.Service, parts[0], "", parts[1], default),
            (_, 1) => new(EndpointForm.Pod, "default", "", parts[0], default),
            (_, 2) => new(EndpointForm.Pod, parts[0], "", parts[1], default),
            _ => new(EndpointForm.Workload, parts[0], parts[1], parts[2], default),
        };
    }

    /// <summary>Whether a pod belongs to the workload that this names.</summary>
    public bool IsOf(Endpoint pod) => pod.Namespace == Namespace && pod.Workload.Name == Name
        && string.Equals(pod.Workload.Kind, Kind, StringComparison.OrdinalIgnoreCase);

    /// <summary>The text of the form, as it is written.</summary>
    public override string ToString() => Form switch
    {
        EndpointForm.Pod => $"{Namespace}/{Name}",
        EndpointForm.Workload => $"{Namespace}/{Kind}/{Name}",
        EndpointForm.Address => $"ip:{Address}",
        EndpointForm.Node => $"node:{Name}",
        _ => $"svc:{Namespace}/{Name}",
    };
}

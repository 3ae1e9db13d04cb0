using System.CommandLine;

namespace Palisade.Cli.Input;

/// <summary>Where a command reads the cluster from: manifests by -f, or else the cluster of a kubeconfig.</summary>
internal sealed class SourceOptions
{
    /// <summary>-f: file, directory or - for standard input; repeatable.</summary>
    public Option<string[]> Files { get; } = new("--filename", "-f")
    {
        Description = "Manifests: a file, a directory (read recursively), or - for standard input. Repeatable. "
            + "Without it the cluster of the kubeconfig is read.",
        HelpName = "PATH",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>--kubeconfig.</summary>
    public Option<string?> Kubeconfig { get; } = new("--kubeconfig")
    {
        Description = "The kubeconfig file; default $KUBECONFIG, ~/.kube/config, then the running `palisade up`.",
        HelpName = "FILE",
    };

    /// <summary>--context.</summary>
    public Option<string?> Context { get; } =
        new("--context") { Description = "The kubeconfig's context.", HelpName = "NAME" };

    /// <summary>Adds the three options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(Files);
        command.Options.Add(Kubeconfig);
        command.Options.Add(Context);
    }
}

/// <summary>-o and what it may be.</summary>
internal static class OutputOption
{
    /// <summary>-o with these formats; the first is the default.</summary>
    public static Option<string> Create(params string[] formats)
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = $"Output format: {string.Join(" or ", formats)}.",
            DefaultValueFactory = _ => formats[0],
        };
        option.AcceptOnlyFromAmong(formats);
        return option;
    }
}

/// <summary>FROM TO [--port] [--protocol] [--family], as explain and connect take them.</summary>
internal sealed class ConnectionOptions
{
    private readonly Argument<string> _from =
        new("FROM") { Description = "ns/pod, ns/Kind/name, ip:ADDRESS or node:NAME." };

    private readonly Argument<string> _to = new("TO")
    {
        Description = "ns/pod, ns/Kind/name, ip:ADDRESS, node:NAME, or svc:ns/name (the port is then the service's).",
    };

    private readonly Option<string> _port = new("--port", "-p")
    {
        Description = "The destination port: a number, or a container-port name. Default 80.",
        DefaultValueFactory = _ => "80",
    };

    private readonly Option<string> _protocol = new("--protocol")
    {
        Description = "TCP, UDP, SCTP or ICMP. Default TCP.",
        DefaultValueFactory = _ => "TCP",
    };

    private readonly Option<int> _family = new("--family")
    {
        Description = "4 or 6: which of the pods' addresses. Default 4.",
        DefaultValueFactory = _ => 4,
    };

    /// <summary>Adds the arguments and options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_from);
        command.Arguments.Add(_to);
        command.Options.Add(_port);
        command.Options.Add(_protocol);
        command.Options.Add(_family);
    }

    /// <summary>The question asked.</summary>
    /// <exception cref="Output.BadInputException">A part is not of its form.</exception>
    public Question Read(ParseResult parsed)
    {
        var text = parsed.GetValue(_protocol)!;
        if (!Manifests.Tests.PolicyTestReader.TryProtocol(text, out var protocol))
            throw new Output.BadInputException($"--protocol {text}: write TCP, UDP, SCTP or ICMP");
        var family = parsed.GetValue(_family);
        if (family is not (4 or 6))
            throw new Output.BadInputException($"--family {family}: write 4 or 6");
        var icmp = protocol == Policy.Sets.Protocol.Other;
        if (icmp && parsed.GetResult(_port) is { Implicit: false })
            throw new Output.BadInputException("--port: ICMP has none; leave it away");
        var port = icmp ? "" : parsed.GetValue(_port)!;
        if (!icmp && (port.Length == 0 || (int.TryParse(port, out var number) && number is < 1 or > 65535)))
            throw new Output.BadInputException($"--port {port}: a number from 1 to 65535, or a container-port name");
        return new(
            EndpointText.Parse(parsed.GetValue(_from)!),
            EndpointText.Parse(parsed.GetValue(_to)!),
            protocol,
            port,
            family == 6 ? Policy.Sets.AddressFamily.V6 : Policy.Sets.AddressFamily.V4);
    }
}

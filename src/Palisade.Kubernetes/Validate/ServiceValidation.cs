using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>The parts of ValidateService that decide what stands behind it: ports and selector.</summary>
internal static class ServiceValidation
{
    public static void Check(Place spec, CauseList causes)
    {
        var external = spec["type"].Text == "ExternalName";
        var ports = spec["ports"];
        if (ports.Count == 0 && !external && spec["clusterIP"].Text != "None")
            causes.Required(ports);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in ports.Items())
            Port(port, ports.Count > 1, names, causes);
        MetadataValidation.Labels(spec["selector"], causes);
        var type = spec["type"];
        if (type.Text.Length > 0 && type.Text is not ("ClusterIP" or "NodePort" or "LoadBalancer" or "ExternalName"))
            causes.NotSupported(type, type.Text, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    }

    private static void Port(Place port, bool mustHaveName, HashSet<string> names, CauseList causes)
    {
        var name = port["name"];
        if (name.Text.Length == 0)
        {
            if (mustHaveName)
                causes.Required(name);
        }
        else
        {
            causes.Invalid(name, name.Text, Names.Label(name.Text));
            if (!names.Add(name.Text))
                causes.Duplicate(name, name.Text);
        }

        foreach (var problem in Names.PortNumber(port["port"].Number))
            causes.Invalid(port["port"], port["port"].Number, problem);
        var protocol = port["protocol"];
        if (protocol.Text.Length > 0 && protocol.Text is not ("TCP" or "UDP" or "SCTP"))
            causes.NotSupported(protocol, protocol.Text, "SCTP", "TCP", "UDP");
        var target = port["targetPort"];
        if (target.Value is WireNumber && target.Number != 0)
        {
            foreach (var problem in Names.PortNumber(target.Number))
                causes.Invalid(target, target.Number, problem);
        }
        else if (target.Value is WireString)
        {
            causes.Invalid(target, target.Text, Names.PortName(target.Text));
        }
    }
}

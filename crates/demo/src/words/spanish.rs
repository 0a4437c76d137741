//! Sentences in Spanish.

use super::Sentences;

pub(crate) const SENTENCES: Sentences = Sentences {
    late: &[
        "Llegó {d} tarde.",
        "El paquete vino {d} después de lo prometido.",
        "{c} lo tuvo parado, {d} de retraso.",
        "Me quedé en casa el día prometido para nada.",
        "Era un regalo y llegó con {d} de retraso.",
    ],
    in_time: &["Llegó el día prometido.", "Envío rápido.", "Muy bien embalado.", "Llegó incluso un día antes."],
    good: &[
        "El modelo {p} es mejor de lo que esperaba.",
        "Muy contento con {p}.",
        "Gran calidad por lo que cuesta.",
        "{p} aguanta la lluvia sin problema.",
        "Justo lo que buscaba.",
        "Ligero y resistente.",
    ],
    fair: &[
        "{p} está bien, sin más.",
        "El color es algo distinto al de la foto.",
        "Correcto para un uso ocasional.",
        "~Talla un poco pequeño.",
    ],
    poor: &[
        "~A {p} se le abrió la costura en una semana.",
        "{p} parece barato.",
        "No es lo que prometían las fotos.",
        "Esperaba más por este precio.",
    ],
    coupon: &[
        "El cupón {k} del boletín no funcionó.",
        "Anuncian {k} y luego la caja dice que no es válido.",
        "Pagué el precio completo porque rechazaron el código.",
    ],
    payment: &["Tuve que intentar pagar varias veces.", "La ventana de pago se cerraba en el móvil."],
    flaw: &["El encendedor se rompió la segunda noche.", "Funcionó dos veces y nunca más."],
    promised: &["No es lo que prometía el anuncio.", "Según el anuncio no se moja. Se mojó."],
    handed_around: &["Tuve que explicarlo todo tres veces.", "Del correo al chat y al teléfono, y nadie sabía nada."],
    made_good: &["Hubo un problema y lo arreglaron al momento.", "Un mensaje y todo resuelto."],
    store_good: &[
        "En {s} me atendieron de maravilla.",
        "El equipo de {s} es un encanto.",
        "En {s} me aconsejaron con sinceridad.",
        "Da gusto comprar así.",
    ],
    store_fair: &["Había mucha gente en {s}, por lo demás bien.", "Algo de espera en la caja."],
    store_poor: &["En {s} nadie tenía tiempo para mí.", "Mucha cola en la caja de {s}."],
    praise: &["Repetiré.", "Muy recomendable.", "¡Gracias!", "Ya lo he contado a mis amigos."],
    blame: &["No repetiré.", "Muy decepcionante.", "Una pena.", "La próxima vez compro en otro sitio."],
    hello: &["Hola,", "Buenos días,", "Buenas,"],
    ask_delivery: &[
        "¿dónde está mi paquete? Tenía que llegar ayer.",
        "el seguimiento de {c} no se mueve desde hace días.",
        "pasó el día prometido y no sé nada de mi pedido.",
    ],
    ask_coupon: &["el código {k} no funciona en la caja.", "¿por qué {k} no es válido? Me lo enviaron ustedes."],
    ask_payment: &["la ventana de pago no se abre en mi móvil.", "¿se ha cobrado mi pedido? Me salió un error."],
    ask_return: &["¿cuándo me devuelven el dinero de mi devolución?", "no puedo imprimir la etiqueta de devolución."],
    ask_defect: &["se ha roto el encendedor.", "dejó de funcionar a los dos días."],
    ask_expectation: &["el anuncio prometía más.", "según el anuncio no se moja, el mío sí."],
    ask_other: &[
        "~¿se puede lavar {p} a máquina?",
        "¿me pueden enviar la factura otra vez?",
        "¿hay {p} en otro color?",
        "~¿qué talla recomiendan?",
    ],
    please: &["Gracias de antemano.", "Espero su respuesta.", "Un saludo."],
    sorry: &["Hola, gracias por escribirnos.", "Sentimos mucho lo ocurrido.", "Gracias por avisarnos."],
    done: &[
        "Lo he revisado y le he enviado los detalles por correo.",
        "Me encargo de ello hasta que esté resuelto.",
        "Ya está arreglado, no tiene que hacer nada.",
    ],
    day: ["día", "días"],
};
